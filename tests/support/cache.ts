import type { TestContext } from 'node:test';
import { startGateway, type TestGateway, type TestGatewayOptions } from './gateway.ts';
import { type Answer, type AskOptions, ask } from './http.ts';
import { type SeenRequest, type StubService, startService } from './service.ts';

/** What a service answers; by default 200, a date of now, and a body that says how many answers there were before. */
export interface Said {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string;
}

/** What the service answers next, by the request; the last one of a list again and again. */
export type Script = readonly Said[] | ((seen: SeenRequest) => Said);

export interface CachedGateway extends TestGateway {
  readonly service: StubService;
  /** Puts the clock forward. */
  pass(seconds: number): void;
  /** The time of day that the gateway goes by, in epoch milliseconds. */
  now(): number;
  /** A date so many seconds from now. */
  date(seconds?: number): string;
  /** What is answered at a path; also how many requests have reached the service there. */
  script(path: string, script: Script): () => readonly SeenRequest[];
  get(path: string, headers?: AskOptions['headers'], options?: AskOptions): Promise<Answer>;
}

type Options = Partial<Omit<TestGatewayOptions, 'file'>> & {
  /** The key `cache` of the route. */
  readonly cache?: unknown;
  /** Other keys of the route. */
  readonly route?: object;
  /** Other keys of its service. */
  readonly api?: object;
  /** Routes beside it. */
  readonly routes?: readonly object[];
  /** Keys of the file. */
  readonly top?: object;
};

/** A gateway with a cache before a service that says what the test wants, on a clock that the test moves. */
export async function startCached(t: TestContext, options: Options = {}): Promise<CachedGateway> {
  const { cache = true, route = {}, api = {}, routes = [], top = {}, ...rest } = options;
  const scripts = new Map<string, { script: Script; seen: SeenRequest[] }>();
  let aheadMs = 0;
  const now = (): number => Date.now() + aheadMs;
  const service = await startService(t, (_req, res, seen) => {
    const path = seen.path.split('?')[0] as string;
    const known = scripts.get(path) ?? { script: [{}], seen: [] };
    const { script } = known;
    const said = typeof script === 'function' ? script(seen) : script[Math.min(known.seen.length, script.length - 1)];
    known.seen.push(seen);
    const { status = 200, headers = {}, body = `answer ${known.seen.length}` } = said ?? {};
    const fields = { date: new Date(now()).toUTCString(), ...headers };
    const hasNone = status === 204 || status === 304 || seen.method === 'HEAD';
    res.writeHead(status, { ...fields, ...(hasNone ? {} : { 'content-length': Buffer.byteLength(body) }) });
    res.end(hasNone ? undefined : body);
  });
  const gateway = await startGateway(t, {
    ...rest,
    clock: { now },
    file: {
      ...top,
      services: { api: { targets: [service.url], ...api } },
      routes: [
        {
          prefix: '/',
          service: 'api',
          auth: 'none',
          retry: false,
          cache,
          circuitBreaker: { minimumRequests: 1000 },
          ...route,
        },
        ...routes,
      ],
    },
  });
  return {
    ...gateway,
    service,
    pass: (seconds) => {
      aheadMs += seconds * 1000;
    },
    now,
    date: (seconds = 0) => new Date(now() + seconds * 1000).toUTCString(),
    script(path, script) {
      const known = { script, seen: [] as SeenRequest[] };
      scripts.set(path, known);
      return () => known.seen;
    },
    get: (path, headers = {}, more = {}) => ask(gateway.url + path, { path, headers, ...more }),
  };
}
