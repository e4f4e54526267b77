import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { TestContext } from 'node:test';

/** What the process runs: plain, so that it starts fast. It is told what to do over IPC, and counts what it received. */
const PROGRAM = `
const http = require('node:http');
let mode = { status: 200, delayMs: 5 };
let count = 0;
const posts = [];
const server = http.createServer((req, res) => {
  if (req.url !== '/health') count += 1;
  const { status, delayMs } = mode;
  let text = '';
  req.on('data', (chunk) => { text += chunk; });
  req.on('end', () => {
    if (req.method === 'POST') posts.push(text);
    setTimeout(() => {
      res.writeHead(status, { 'content-type': 'text/plain' });
      res.end(String(server.address().port));
    }, delayMs);
  });
});
server.keepAliveTimeout = 60000;
process.on('message', (message) => {
  if (message.mode) mode = message.mode;
  process.send({ count, posts });
});
process.on('disconnect', () => process.exit());
server.listen(Number(process.argv[1]), '127.0.0.1', () => process.send({ port: server.address().port }));
`;

/** What a stub process has received: how many requests beside health checks, and the bodies of its POSTs. */
export interface StubCount {
  readonly count: number;
  readonly posts: readonly string[];
}

export interface StubProcess {
  readonly url: string;
  readonly port: number;
  /** What it answers from now on, and after how long. */
  become(mode: { readonly status: number; readonly delayMs: number }): Promise<StubCount>;
  counts(): Promise<StubCount>;
  signal(name: NodeJS.Signals): void;
  /** Starts it again on its port, after it was killed. */
  restart(): Promise<void>;
}

/** A process that doesn't answer fails its test, rather than hold it up for ever. */
const soon = () => ({ signal: AbortSignal.timeout(10_000) });

/** A service in a process of its own, which can be killed and frozen; gone after the test. */
export async function startStubProcess(t: Pick<TestContext, 'after'>): Promise<StubProcess> {
  let child: ChildProcess;
  let port = 0;
  async function start(): Promise<void> {
    child = spawn(process.execPath, ['-e', PROGRAM, String(port)], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    const [said] = (await once(child, 'message', soon())) as [{ port: number }];
    port = said.port;
  }
  async function tell(message: object): Promise<StubCount> {
    const answered = once(child, 'message', soon()) as Promise<[StubCount]>;
    child.send(message);
    return (await answered)[0];
  }
  await start();
  t.after(() => void child.kill('SIGKILL'));
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    become: (mode) => tell({ mode }),
    counts: () => tell({}),
    signal: (name) => void child.kill(name),
    restart: start,
  };
}
