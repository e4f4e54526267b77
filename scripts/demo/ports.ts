import { once } from 'node:events';
import { createServer } from 'node:net';

/** One of the gateway's own ports, and the setting that moves it. */
export interface WantedPort {
  readonly setting: 'PORT' | 'ADMIN_PORT';
  readonly port: number;
  readonly host: string;
}

/** Those that somebody else has. Each is really bound for a moment: an answer would not tell whose it is. */
export async function findTaken(wanted: readonly WantedPort[]): Promise<readonly WantedPort[]> {
  const isFree = await Promise.all(wanted.map(({ port, host }) => canBind(port, host)));
  return wanted.filter((_, at) => !isFree[at]);
}

async function canBind(port: number, host: string): Promise<boolean> {
  const server = createServer().listen(port, host);
  try {
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}
