import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePort } from './service.ts';

const isInstalled = spawnSync('redis-server', ['--version']).status === 0;
const isRequired = (process.env['TURNPIKE_REQUIRE'] ?? '').split(',').includes('redis-server');

/** Options for `test()`: skips with a hint where redis-server is missing, unless TURNPIKE_REQUIRE names it. */
export const needsRedis = {
  skip: isInstalled || isRequired ? false : 'redis-server is not installed (apt-get install redis-server)',
} as const;

/** A redis-server of the test's own, in a temporary folder on a free port; start it with `startRedisServer`. */
export class RedisServer {
  readonly port: number;
  readonly #folder = mkdtempSync(path.join(tmpdir(), 'turnpike-redis-'));
  readonly #arguments: readonly string[];
  #process: ChildProcess | undefined;

  constructor(port: number, args: readonly string[] = []) {
    this.port = port;
    this.#arguments = args;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Starts it, and waits until it answers. */
  async start(): Promise<void> {
    const settings = ['--port', String(this.port), '--bind', '127.0.0.1', '--dir', this.#folder];
    // A Sentinel is given a file of settings, which comes first, and saves nothing.
    const isSentinel = this.#arguments.includes('--sentinel');
    const words = isSentinel ? [...this.#arguments, ...settings] : [...settings, '--save', '', ...this.#arguments];
    const child = spawn('redis-server', words, { stdio: 'ignore' });
    this.#process = child;
    const exited = once(child, 'exit').then(() => {
      throw new Error(`redis-server on port ${this.port} ended at once`);
    });
    exited.catch(() => {});
    await Promise.race([exited, this.#answered()]);
  }

  /** SIGSTOP: it keeps its sockets open and answers nothing. */
  freeze(): void {
    this.#process?.kill('SIGSTOP');
  }

  thaw(): void {
    this.#process?.kill('SIGCONT');
  }

  /** SIGKILL. What it knew is lost unless it persists. */
  async kill(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }

  /** Kills it and removes its folder. */
  async stop(): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** One command over a connection of its own, and the raw reply. */
  command(...words: string[]): Promise<string> {
    return sendCommand(this.port, words);
  }

  async #answered(): Promise<void> {
    for (let attempt = 0; attempt < 400; attempt++) {
      const reply = await sendCommand(this.port, ['PING']).catch(() => '');
      if (reply.startsWith('+PONG') || reply.startsWith('-NOAUTH')) return;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    throw new Error(`redis-server on port ${this.port} does not answer`);
  }
}

/** A running redis-server; further arguments are its settings, `--appendonly yes` for one. */
export async function startRedisServer(...args: string[]): Promise<RedisServer> {
  const server = new RedisServer(await freePort(), args);
  try {
    await server.start();
  } catch (error) {
    await server.stop();
    throw error;
  }
  return server;
}

function sendCommand(port: number, words: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(port, '127.0.0.1');
    let reply = '';
    socket.setEncoding('utf8');
    socket.on('error', reject);
    socket.on('data', (chunk: string) => {
      reply += chunk;
      socket.end();
    });
    socket.on('close', () => resolve(reply));
    socket.write(`*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`);
  });
}
