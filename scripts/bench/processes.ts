import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Tools } from './tools.ts';

/** A process that the bench started, and stops. */
export interface Running {
  readonly pid: number;
  readonly origin: string;
  readonly port: number;
  /** Milliseconds from the start of the process to its first answer. */
  readonly readyAfterMs: number;
  stop(): Promise<void>;
}

export interface StartOptions {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly port: number;
  readonly core: number;
  readonly cwd?: string;
  /** Where stdout goes: the same kind of place for every contestant, a file in the run's folder. */
  readonly folder: string;
}

const READY_WITHIN_MS = 20_000;
const STOP_WITHIN_MS = 5_000;
/** Ticks of utime and stime a second, on every Linux that Node runs on (getconf CLK_TCK). */
const MICROSECONDS_PER_TICK = 10_000;

export async function startProcess(options: StartOptions, tools: Tools): Promise<Running> {
  const { name, command, args, port, core, folder } = options;
  const log = openSync(join(folder, `${name}.log`), 'w');
  const [program, ...rest] = tools.taskset ? ['taskset', '-c', String(core), command, ...args] : [command, ...args];
  const startedAtMs = performance.now();
  const child = spawn(program as string, rest, {
    cwd: options.cwd ?? folder,
    env: { ...cleanEnvironment(), ...options.env },
    stdio: ['ignore', log, openSync(join(folder, `${name}.err`), 'w')],
  });
  await waitUntilListening(child, name, port, folder);
  return {
    pid: child.pid as number,
    origin: `http://127.0.0.1:${port}`,
    port,
    readyAfterMs: performance.now() - startedAtMs,
    stop: () => stop(child),
  };
}

/** Settings of whoever runs the bench must not shape what is measured. */
function cleanEnvironment(): Record<string, string> {
  return { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '/', NODE_ENV: 'production' };
}

async function waitUntilListening(child: ChildProcess, name: string, port: number, folder: string): Promise<void> {
  const deadline = performance.now() + READY_WITHIN_MS;
  while (performance.now() < deadline) {
    if (child.exitCode !== null) break;
    try {
      const response = await fetch(`http://127.0.0.1:${port}/health`);
      await response.arrayBuffer();
      return;
    } catch {
      // Not listening yet: asked again at once, since bar 8 reads this time.
      await sleep(4);
    }
  }
  await stop(child);
  const said = `${tail(join(folder, `${name}.err`))}${tail(join(folder, `${name}.log`))}`;
  throw new Error(`${name} did not start on port ${port}\n${said}`);
}

function tail(file: string): string {
  return readFileSync(file, 'utf8').slice(-2000);
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGINT');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
  await exited;
  clearTimeout(timer);
}

/** User and system time of a process and its threads, in microseconds. */
export function cpuMicroseconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name in brackets may hold spaces: count from its end. utime and stime are fields 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * MICROSECONDS_PER_TICK;
}

/** The pid and every descendant: what a master and its workers use together. */
export function familyOf(pid: number): number[] {
  const children: number[] = [];
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    const listed = readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').trim();
    for (const child of listed === '' ? [] : listed.split(' ')) children.push(...familyOf(Number(child)));
  }
  return [pid, ...children];
}

/** Resident memory in bytes. */
export function residentBytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
}

/** A port that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}
