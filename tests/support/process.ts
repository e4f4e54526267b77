import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { until } from './until.ts';

const START = join(import.meta.dirname, '../../src/start.cjs');

export interface RunningProcess {
  readonly child: ChildProcess;
  /** What it has written so far. */
  readonly stdout: string;
  readonly stderr: string;
  /** Resolves to the exit code, or the name of the signal that ended it. */
  readonly exited: Promise<number | string>;
  signal(name: NodeJS.Signals): void;
  /** Waits until a pattern shows in what it has written to either. */
  says(pattern: RegExp, timeoutMs?: number): Promise<RegExpExecArray>;
}

export interface ProcessOptions {
  /** Beside PATH, HOME and TMPDIR nothing else of this process's environment is seen. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Arguments after `turnpike`. */
  readonly argv?: readonly string[];
  readonly stdio?: ('pipe' | 'ignore' | number)[];
}

/** `turnpike` as a process of its own, ended after the test. */
export function startProcess(t: Pick<TestContext, 'after'>, options: ProcessOptions = {}): RunningProcess {
  const { PATH, HOME, TMPDIR } = process.env;
  const inherited = Object.entries({ PATH, HOME, TMPDIR }).filter(([, value]) => value !== undefined);
  const child = spawn(process.execPath, [START, ...(options.argv ?? [])], {
    env: { ...Object.fromEntries(inherited), ...options.env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    stdio: options.stdio ?? ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const exited = new Promise<number | string>((resolve) => {
    child.on('close', (code, signal) => resolve(code ?? signal ?? 0));
  });
  t.after(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await exited;
  });
  return {
    child,
    get stdout() {
      return stdout;
    },
    get stderr() {
      return stderr;
    },
    exited,
    signal: (name) => void child.kill(name),
    says: (pattern, timeoutMs = 15_000) =>
      until(() => pattern.exec(stdout) ?? pattern.exec(stderr), { timeoutMs, what: `${pattern} in the output` }).catch(
        (error: Error) => {
          throw new Error(`${error.message}; it wrote:\n${stdout}\n${stderr}`);
        },
      ),
  };
}

export interface GatewayProcess extends RunningProcess {
  readonly url: string;
  readonly adminUrl: string;
}

/** A gateway process that listens on free ports; resolves once it does. */
export async function startGatewayProcess(
  t: Pick<TestContext, 'after'>,
  options: ProcessOptions,
): Promise<GatewayProcess> {
  const env = { HOST: '127.0.0.1', PORT: '0', ADMIN_PORT: '0', LOG_FORMAT: 'json', ...options.env };
  const running = startProcess(t, { ...options, env });
  const [, url = ''] = await running.says(/listens on (http:\/\/[\w.]+:\d+)/);
  const [, adminUrl = ''] = await running.says(/admin on (http:\/\/[\w.]+:\d+)/);
  // A spread would freeze what the getters say.
  return Object.defineProperties({ url, adminUrl } as GatewayProcess, Object.getOwnPropertyDescriptors(running));
}
