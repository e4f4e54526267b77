import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { until } from './until.ts';

const isInstalled = spawnSync('chromium', ['--version']).status === 0;
const isRequired = (process.env['TURNPIKE_REQUIRE'] ?? '').split(',').includes('chromium');

/** Options for `test()`: skips with a hint where Chromium is missing, unless TURNPIKE_REQUIRE names it. */
export const needsChromium = {
  skip: isInstalled || isRequired ? false : 'chromium is not installed (apt-get install chromium)',
} as const;

/** How long anything that the browser is asked may take, on a machine that does much else. */
const PATIENCE_MS = 60_000;

// Every name below .test is this machine, and no other name is anything: no page has a way out.
const NAMES = 'MAP *.test 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1';
const ARGUMENTS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-default-browser-check',
  '--no-first-run',
  '--no-proxy-server',
  `--host-resolver-rules=${NAMES}`,
  '--remote-debugging-port=0',
];

/** One page of a Chromium of its own. */
export interface Page {
  /** Goes to a URL; resolves once it is loaded, rejects where nothing answers. */
  goto(url: string): Promise<void>;
  /**
   * What the function returns, or its promise comes to, when the page runs it on these arguments. Both cross over as
   * JSON, and the function as its text: it sees nothing of the test.
   */
  run<Arguments extends readonly unknown[], Result>(
    script: (...args: Arguments) => Result | Promise<Result>,
    ...args: Arguments
  ): Promise<Result>;
  /** What is to be seen of the page, as a PNG. */
  screenshot(): Promise<Buffer>;
}

/** A page of a new Chromium without cookies; the browser and its profile are gone after the test. */
export async function openPage(t: Pick<TestContext, 'after'>): Promise<Page> {
  const profile = mkdtempSync(path.join(tmpdir(), 'turnpike-chromium-'));
  const child = spawn('chromium', [...ARGUMENTS, `--user-data-dir=${profile}`, 'about:blank'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  // Its processes share the pipe: `close` comes when the last of them is gone, and none writes to the profile any more.
  const closed = once(child, 'close');
  closed.catch(() => {});
  t.after(async () => {
    child.kill('SIGKILL');
    await inTime(closed, 'the end of Chromium').catch(() => {});
    rmSync(profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  });
  const socket = new WebSocket(await inTime(findEndpoint(child), 'a Chromium that listens'));
  t.after(() => socket.close());
  const connection = await connect(socket);
  return createPage(connection);
}

/** Where its DevTools listen, as it tells on stderr. */
function findEndpoint(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      const [, endpoint] = /DevTools listening on (ws:\S+)\s/.exec(said) ?? [];
      if (endpoint !== undefined) resolve(endpoint);
    });
    child.on('error', reject);
    child.on('close', () => reject(new Error(`Chromium ended at once:\n${said}`)));
  });
}

type Fields = Readonly<Record<string, unknown>>;

interface Connection {
  /** The result of a command of the DevTools protocol; rejects with what it says, and when the browser goes. */
  send(method: string, params?: Fields, sessionId?: string): Promise<Fields>;
  /** Hears every event of this name from now on. */
  on(method: string, hear: (params: Fields) => void): void;
}

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Fields;
  readonly result?: Fields;
  readonly error?: { readonly message: string };
}

async function connect(socket: WebSocket): Promise<Connection> {
  const events = new EventEmitter();
  const pending = new Map<number, PromiseWithResolvers<Fields>>();
  const gone = Promise.withResolvers<never>();
  gone.promise.catch(() => {});
  socket.addEventListener('close', () => gone.reject(new Error('Chromium is gone')));
  socket.addEventListener('message', ({ data }) => {
    const { id, method, params = {}, result = {}, error } = JSON.parse(String(data)) as Message;
    if (method !== undefined) events.emit(method, params);
    if (id === undefined) return;
    if (error === undefined) pending.get(id)?.resolve(result);
    else pending.get(id)?.reject(new Error(error.message));
    pending.delete(id);
  });
  await inTime(Promise.race([once(socket, 'open'), gone.promise]), 'a connection to Chromium');
  let lastId = 0;
  return {
    send(method, params = {}, sessionId = undefined) {
      lastId += 1;
      const answered = Promise.withResolvers<Fields>();
      pending.set(lastId, answered);
      socket.send(JSON.stringify({ id: lastId, method, params, sessionId }));
      return inTime(Promise.race([answered.promise, gone.promise]), method);
    },
    on: (method, hear) => void events.on(method, hear),
  };
}

interface Evaluated {
  readonly result: { readonly value?: unknown };
  readonly exceptionDetails?: { readonly text: string; readonly exception?: { readonly description?: string } };
}

async function createPage({ send, on }: Connection): Promise<Page> {
  const { targetId } = await send('Target.createTarget', { url: 'about:blank' });
  const attached = await send('Target.attachToTarget', { targetId, flatten: true });
  const sessionId = attached['sessionId'] as string;
  // By its ID: the load of the page before may be told after the next page was asked for.
  const loaded = new Set<unknown>();
  on('Page.lifecycleEvent', ({ name, loaderId }) => {
    if (name === 'load') loaded.add(loaderId);
  });
  await send('Page.enable', {}, sessionId);
  await send('Page.setLifecycleEventsEnabled', { enabled: true }, sessionId);
  return {
    async goto(url) {
      const { errorText, loaderId } = await send('Page.navigate', { url }, sessionId);
      if (errorText !== undefined) throw new Error(`${url}: ${errorText}`);
      await until(() => loaded.has(loaderId), { timeoutMs: PATIENCE_MS, what: `the load of ${url}` });
    },
    async run(script, ...args) {
      const expression = `(${script})(...${JSON.stringify(args)})`;
      const params = { expression, awaitPromise: true, returnByValue: true };
      const answer = (await send('Runtime.evaluate', params, sessionId)) as unknown as Evaluated;
      const { result, exceptionDetails: thrown } = answer;
      if (thrown !== undefined) throw new Error(thrown.exception?.description ?? thrown.text);
      return result.value as never;
    },
    async screenshot() {
      const { data } = await send('Page.captureScreenshot', { format: 'png' }, sessionId);
      return Buffer.from(data as string, 'base64');
    },
  };
}

/** The same promise, with an end. */
async function inTime<T>(promise: Promise<T>, what: string): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`${what} did not come within ${PATIENCE_MS} ms`)), PATIENCE_MS);
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
