import { once } from 'node:events';
import { createConnection, createServer, type Socket } from 'node:net';

/** A TCP proxy that delays what it hands on, both ways together, by `delayMs`; change it at any time. */
export interface SlowProxy {
  readonly port: number;
  delayMs: number;
  close(): Promise<void>;
}

export async function startSlowProxy(targetPort: number): Promise<SlowProxy> {
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const target = createConnection(targetPort, '127.0.0.1');
    relay(client, target, () => 0);
    relay(target, client, () => proxy.delayMs);
    for (const socket of [client, target]) {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const proxy: SlowProxy = {
    port: (server.address() as { port: number }).port,
    delayMs: 0,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
  return proxy;
}

function relay(from: Socket, to: Socket, delayMs: () => number): void {
  from.on('error', () => to.destroy());
  from.on('close', () => to.destroy());
  from.on('data', (chunk) => {
    const delay = delayMs();
    if (delay === 0) to.write(chunk);
    else setTimeout(() => to.writable && to.write(chunk), delay);
  });
}

/** A TCP proxy that hands on what the target says, or says something else in its place. */
export interface AnswerSwitch {
  readonly url: string;
  /** What each chunk of the target's answers is replaced by; undefined hands it on. */
  answer: string | undefined;
  close(): Promise<void>;
}

export async function startSwitch(targetPort: number): Promise<AnswerSwitch> {
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const target = createConnection(targetPort, '127.0.0.1');
    for (const socket of [client, target]) {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      socket.on('error', () => socket.destroy());
    }
    client.on('close', () => target.destroy());
    target.on('close', () => client.destroy());
    client.on('data', (chunk: Buffer) => {
      const { answer } = gate;
      if (answer === undefined) target.write(chunk);
      else client.write(answer.repeat(chunk.toString('latin1').match(/^\*/gm)?.length ?? 1));
    });
    target.on('data', (chunk) => client.writable && client.write(chunk));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const gate: AnswerSwitch = {
    url: `redis://127.0.0.1:${(server.address() as { port: number }).port}`,
    answer: undefined,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
  return gate;
}
