import { type ClientRequest, type IncomingMessage, request as openRequest, type Server } from 'node:http';
import { type Duplex, duplexPair } from 'node:stream';
import { TRACE_FIELD } from '../answer/trace-field.ts';
import type { LoadedRoutes } from '../config/load-with.ts';
import type { FileConfig } from '../config/routes.ts';
import { contextOf, type RequestContext } from '../context.ts';
import { createGateway, type Gateway } from '../gateway.ts';
import { decodeContent, isIdentity } from '../lib/decode-content.ts';
import { createMetrics } from '../metrics.ts';
import { createDeps } from '../server/assemble.ts';
import { createHealth } from '../server/health.ts';
import { createFrontServer } from '../server/listen.ts';
import type { Settings } from '../settings.ts';
import type { FakeTime } from './fake-time.ts';
import type { Stubs } from './stubs.ts';

const NOWHERE = { append: () => undefined };
/** By the clock of the cases: a longer wait is a fault of the routes. */
const PATIENCE_MS = 15 * 60_000;
/** By that of the world: what no time can bring, the system may still be at. */
const SYSTEM_MS = 10_000;
/** A request at which nobody works for so long, of real time, waits for nobody but the clock. */
const GRACE = { atStubMs: 2, leastMs: 15, mostMs: 1_000 } as const;

/** Turns of the loop in which a request that waits for nobody gets its answer, or at least some way. */
const REST = 12;

/** A request as it is sent. */
export interface TrialRequest {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  /** Names and values by turns, a Host among them. */
  readonly headers: readonly string[];
  readonly body: Buffer | undefined;
  readonly from: { readonly address: string; readonly scheme: 'http' | 'https' };
}

/** What its client got; `broken`: why the answer is not whole, or did not come. */
export interface TrialAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly broken: string | undefined;
  /** What the gateway knows of it; undefined where it was refused before it was one. */
  readonly context: RequestContext | undefined;
}

/** A gateway of which no byte leaves the process: a client of Node's own speaks HTTP with it, over a pair of streams. */
export interface TrialGateway {
  readonly gateway: Gateway;
  send(request: TrialRequest): Promise<TrialAnswer>;
  close(): void;
}

export function createTrialGateway(
  settings: Settings,
  loaded: LoadedRoutes<FileConfig>,
  stubs: Stubs,
  time: FakeTime,
): TrialGateway {
  const deps = {
    ...createDeps(settings, { access: NOWHERE, messages: NOWHERE }, createMetrics(), stubs.connect),
    clock: time,
  };
  let seen: RequestContext | undefined;
  let isTraced = false;
  const health = createHealth(deps, { isDraining: false });
  const gateway = createGateway(deps, loaded, (context) => {
    if (context.parent !== undefined) return false;
    seen = context;
    isTraced = context.trace !== undefined;
    // A refusal is explained by what the stages have noted.
    context.trace ??= [];
    return health(context);
  });
  const server = createServer(gateway);
  return {
    gateway,
    async send(request) {
      seen = undefined;
      const answer = await settle(exchange(server, request), stubs, time);
      // Who has no debug token is not told.
      const { [TRACE_FIELD]: _, ...headers } = answer.headers;
      return { ...answer, headers: isTraced ? answer.headers : headers, context: seen };
    },
    close() {
      server.closeAllConnections();
      gateway.close();
      deps.deadlines.stop();
    },
  };
}

function createServer(gateway: Gateway): Server {
  const { app, classes } = gateway.express;
  return createFrontServer({
    classes,
    handler: app,
    refuse: gateway.refuse,
    fail: (req, error) => gateway.fail(contextOf(req), error),
    wantsUpgrade: () => false,
    upgrade: (_req, socket) => void socket.destroy(),
  });
}

type Answer = Omit<TrialAnswer, 'context'>;
interface Exchange {
  readonly done: Promise<Answer>;
  readonly client: ClientRequest;
}

function exchange(server: Server, { method, target, headers, body, from }: TrialRequest): Exchange {
  const [near, far] = duplexPair();
  Object.assign(far, { remoteAddress: from.address, encrypted: from.scheme === 'https', ...LIKE_A_SOCKET });
  server.emit('connection', far);
  const { promise, resolve } = Promise.withResolvers<Answer>();
  const isFramed = headers.some((name, at) => at % 2 === 0 && /^(?:content-length|transfer-encoding)$/i.test(name));
  const length = body === undefined || isFramed ? [] : ['content-length', String(body.length)];
  const client = openRequest({
    method,
    path: target,
    headers: [...headers, ...length] as readonly string[],
    setHost: false,
    // With an agent, `agent: false` included, this would not be asked, and a socket be opened (Node 26.10).
    createConnection: () => near as Duplex,
  });
  client.on('response', (answer) => void readAnswer(answer).then(resolve));
  client.on('error', (error) => resolve({ status: 0, headers: {}, body: NO_BYTES, broken: error.message }));
  client.end(body);
  const done = promise.finally(() => {
    near.destroy();
    far.destroy();
  });
  return { done, client };
}

const NO_BYTES = Buffer.alloc(0);
/** What is asked of a socket, beside what a stream has: the time is not kept by it here. */
const LIKE_A_SOCKET = {
  setKeepAlive() {},
  setNoDelay() {},
  setTimeout() {},
  resetAndDestroy(this: Duplex) {
    this.destroy();
  },
};

async function readAnswer(answer: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = [];
  let broken: string | undefined;
  try {
    for await (const chunk of answer) chunks.push(chunk as Buffer);
  } catch (error) {
    broken = (error as Error).message;
  }
  const headers = Object.fromEntries(
    Object.entries(answer.headers).map(([name, value]) => [name, [value].flat().join(', ')]),
  );
  const body = Buffer.concat(chunks);
  return { status: answer.statusCode ?? 0, headers, body: broken ? body : await withoutCoding(body, headers), broken };
}

/** A case says what is in an answer, whatever it is compressed by. */
async function withoutCoding(body: Buffer, headers: TrialAnswer['headers']): Promise<Buffer> {
  const coding = headers['content-encoding'];
  if (body.length === 0 || isIdentity(coding)) return body;
  try {
    return await decodeContent(body, coding, MAX_BODY_BYTES);
  } catch {
    // What the client could not read either is compared as it came.
    return body;
  }
}

const MAX_BODY_BYTES = 64 * 1024 * 1024;

/** Waits for an answer, and moves the clock when nothing but time can bring it. */
async function settle({ done, client }: Exchange, stubs: Stubs, time: FakeTime): Promise<Answer> {
  let answer: Answer | undefined;
  const over = done.then((got) => {
    answer = got;
  });
  const made = time.made;
  const untilMs = time.now() + PATIENCE_MS;
  let idleMs = 0;
  for (await time.rest(REST); answer === undefined; await time.rest(REST)) {
    const { nextMs, graceMs } = lookAhead(stubs, time, made, untilMs);
    if (idleMs < graceMs) {
      await time.wait(1);
      idleMs += 1;
    } else if (nextMs !== undefined) {
      await time.moveTo(nextMs);
      idleMs = 0;
    } else {
      client.destroy(new Error(`no answer within ${PATIENCE_MS / 60_000} minutes`));
      await over;
    }
  }
  return answer as Answer;
}

/**
 * The next timer that may bring the answer, and how long, of real time, somebody may still be at work before it is gone
 * to. Where a stub takes its time it is any timer, and soon; else one that was set since the request came (a pause, a
 * place in a queue): to hash a password takes time of the world, and none of the cases'. A long way is not gone for the
 * sake of a slow disk: a pause between attempts is short, and a deadline is not.
 */
function lookAhead(
  { waiting }: Stubs,
  time: FakeTime,
  made: number,
  untilMs: number,
): { readonly nextMs: number | undefined; readonly graceMs: number } {
  const nextMs = time.nextDueMs(waiting > 0 ? 0 : made);
  if (nextMs === undefined || nextMs > untilMs)
    return { nextMs: undefined, graceMs: waiting > 0 ? GRACE.mostMs : SYSTEM_MS };
  const aheadMs = nextMs - time.now();
  return {
    nextMs,
    graceMs: waiting > 0 ? GRACE.atStubMs : Math.min(Math.max(aheadMs / 10, GRACE.leastMs), GRACE.mostMs),
  };
}
