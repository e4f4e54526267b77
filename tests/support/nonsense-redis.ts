import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';

/** A server that speaks RESP's grammar, or not even that, and answers whatever it is asked with one and the same. */
export interface NonsenseRedis {
  readonly port: number;
  readonly url: string;
  /** The answer to each chunk of commands, and to a new connection. Change them at any time. */
  answer: string;
  greeting: string;
  /** Connections that were made so far. */
  readonly connections: number;
  close(): Promise<void>;
}

export async function startNonsenseRedis(answer: string, greeting = ''): Promise<NonsenseRedis> {
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    if (nonsense.greeting !== '') socket.write(nonsense.greeting);
    socket.on('data', (chunk: Buffer) => {
      const commands = chunk.toString('latin1').match(/^\*/gm)?.length ?? 1;
      if (socket.writable) socket.write(nonsense.answer.repeat(commands));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const nonsense: NonsenseRedis = {
    port,
    url: `redis://127.0.0.1:${port}`,
    answer,
    greeting,
    get connections() {
      return connections;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
  return nonsense;
}
