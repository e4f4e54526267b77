import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

/** The first of so many free ports in a row. */
export async function freeRun(count: number): Promise<number> {
  for (let attempt = 0; attempt < 50; attempt++) {
    const first = 20_000 + Math.floor(Math.random() * 12_000);
    const tried = await Promise.allSettled(Array.from({ length: count }, (_, at) => listen(first + at)));
    await Promise.all(tried.map((result) => (result.status === 'fulfilled' ? close(result.value) : undefined)));
    if (tried.every((result) => result.status === 'fulfilled')) return first;
  }
  throw new Error(`no ${count} free ports in a row`);
}

async function listen(port: number): Promise<Server> {
  const server = createServer().listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

async function close(server: Server): Promise<void> {
  server.close();
  await once(server, 'close');
}
