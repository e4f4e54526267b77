import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from './processes.ts';
import type { Tools } from './tools.ts';

export interface RunningRedis {
  readonly url: string;
  stop(): Promise<void>;
}

/** A Redis that keeps nothing on disk, on the core of the load. */
export async function startRedis(folder: string, tools: Tools): Promise<RunningRedis | undefined> {
  if (tools.redisServer === undefined) return undefined;
  const port = await freePort();
  const args = [tools.redisServer, '--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', folder];
  const [program, ...rest] = tools.taskset ? ['taskset', '-c', String(tools.otherCore), ...args] : args;
  const child = spawn(program as string, rest, { stdio: 'ignore' });
  for (let tries = 0; !(await isListening(port)); tries++) {
    if (tries > 200 || child.exitCode !== null) throw new Error('redis-server did not start');
    await sleep(20);
  }
  return {
    url: `redis://127.0.0.1:${port}`,
    stop: async () => {
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      await exited;
    },
  };
}

async function isListening(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
