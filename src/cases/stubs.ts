import type { Connect, Connections } from '../deps.ts';
import type { Clock } from '../lib/clock.ts';
import type { TransportController, TransportHandler } from '../upstream/transport.ts';
import type { StubAnswer } from './case-file.ts';

/** What a service, or whoever else the gateway asks, was sent. */
export interface SentCall {
  /** The service, or the URL of whoever is none. */
  readonly name: string;
  readonly method: string;
  readonly path: string;
  /** By lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Everybody whom the gateway would ask. */
export interface Stubs {
  readonly connect: Connect;
  /** What is answered before all that the file says, until the next case. */
  setForCase(written: Written | undefined): void;
  /** What was sent since it was asked last. */
  take(): readonly SentCall[];
  /** Calls that have no answer yet, though nobody works on one: only time brings it, or ends the wait. */
  readonly waiting: number;
  /** Who was asked and has no stub, each once. */
  readonly unknown: ReadonlySet<string>;
}

type Asked = Parameters<Connections['send']>[0];
/** undici's handler, and what our own transport tells beside. */
type Handler = TransportHandler & { onRequestSent?(): void };

type Written = Readonly<Record<string, readonly StubAnswer[]>>;

/** Answers in place of all connections; a service without a stub answers 200 with what it was asked. */
export function createStubs(ofFile: Written, clock: Clock): Stubs {
  const turns = new Map<readonly StubAnswer[], number>();
  const unknown = new Set<string>();
  let sent: SentCall[] = [];
  let waiting = 0;
  let ofCase: Written = {};

  function nextAnswer(list: readonly StubAnswer[]): StubAnswer {
    const turn = turns.get(list) ?? 0;
    turns.set(list, turn + 1);
    return list[Math.min(turn, list.length - 1)] as StubAnswer;
  }

  function answerOf(origin: string, path: string, service: string | undefined): StubAnswer {
    const list = findStub(ofCase, origin + path, service) ?? findStub(ofFile, origin + path, service);
    if (list !== undefined) return nextAnswer(list);
    if (service !== undefined) return ECHO;
    unknown.add(origin + path);
    return REFUSED;
  }

  async function serve(origin: string, service: string | undefined, asked: Asked, handler: Handler): Promise<void> {
    const answer = answerOf(origin, asked.path, service);
    const controller = new StubController();
    await turn();
    if (answer.fails === 'refused') return fail(handler, controller, 'ECONNREFUSED', refusalText(origin, service));
    handler.onRequestStart?.(controller, {});
    if (controller.aborted) return;
    const body = await readBody(asked.body);
    if (controller.aborted) return;
    const call = describe(asked, body, service ?? origin + asked.path);
    sent.push(call);
    if (asked.body !== null) handler.onRequestSent?.();
    await finish(answer, call, handler, controller);
  }

  async function finish(
    answer: StubAnswer,
    call: SentCall,
    handler: Handler,
    controller: StubController,
  ): Promise<void> {
    await wait(answer, controller);
    if (controller.aborted) return;
    if (answer.fails === 'reset') fail(handler, controller, 'UND_ERR_SOCKET', 'the stub broke the connection off');
    else deliver(answer, call, handler, controller, clock);
  }

  /** As long as the stub takes, which may be for ever, or until nobody wants its answer any more. */
  async function wait({ fails, delay }: StubAnswer, controller: StubController): Promise<void> {
    if (fails !== 'timeout' && delay === undefined) return;
    waiting += 1;
    await new Promise<void>((resolve) => {
      controller.onAbort = resolve;
      if (fails !== 'timeout') setTimeout(resolve, delay);
    });
    waiting -= 1;
  }

  return {
    connect: (origin, service) => ({
      send(asked, handler) {
        serve(origin, service, asked, handler).catch((error: unknown) => {
          (handler as Handler).onResponseError?.(new StubController(), error as Error);
        });
      },
      close: () => undefined,
    }),
    setForCase(written = {}) {
      ofCase = written;
    },
    take() {
      const taken = sent;
      sent = [];
      return taken;
    },
    get waiting() {
      return waiting;
    },
    unknown,
  };
}

const ECHO: StubAnswer = { status: 200, headers: {}, echo: true };
const REFUSED: StubAnswer = { status: 200, headers: {}, fails: 'refused' };

/** By the target, so that one of several can fail; then by the service. */
function findStub(written: Written, url: string, service: string | undefined): readonly StubAnswer[] | undefined {
  const byUrl = Object.keys(written).filter((key) => key.includes('://') && isBelow(url, key));
  const [longest] = byUrl.sort((a, b) => b.length - a.length);
  if (longest !== undefined) return written[longest];
  return service !== undefined && Object.hasOwn(written, service) ? written[service] : undefined;
}

/** The URL itself, or what lies below it. */
function isBelow(url: string, prefix: string): boolean {
  if (!url.startsWith(prefix)) return false;
  return url.length === prefix.length || prefix.endsWith('/') || /^[/?]/.test(url.slice(prefix.length));
}

/** undici never calls a handler before `send` has returned. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function refusalText(origin: string, service: string | undefined): string {
  return service === undefined ? `no stub answers for ${origin}: add one to "stubs"` : 'the stub takes no connection';
}

function fail(handler: Handler, controller: StubController, code: string, message: string): void {
  handler.onResponseError?.(controller, Object.assign(new Error(message), { code }));
}

/** It flows, as undici reads it: a deadline asks whether it does. */
function readBody(body: Asked['body']): Promise<string> | string {
  if (body === null || typeof body === 'string') return body ?? '';
  if (Buffer.isBuffer(body)) return body.toString();
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    body.on('data', (chunk: Buffer) => chunks.push(chunk));
    body.on('end', () => resolve(Buffer.concat(chunks).toString()));
    body.on('error', reject);
    // Whoever ends it without an error has told its attempt already.
    body.on('close', () => resolve(''));
  });
}

function describe({ method, path, headers }: Asked, body: string, name: string): SentCall {
  const told: Record<string, string> = Object.create(null) as Record<string, string>;
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const field = (headers[at] as string).toLowerCase();
    told[field] = told[field] === undefined ? (headers[at + 1] as string) : `${told[field]}, ${headers[at + 1]}`;
  }
  return { name, method, path, headers: told, body };
}

function deliver(answer: StubAnswer, call: SentCall, handler: Handler, controller: StubController, clock: Clock): void {
  const { type, text } = renderBody(answer, call);
  const headers: Record<string, string | string[]> = { date: new Date(clock.now()).toUTCString() };
  if (type !== undefined) headers['content-type'] = type;
  for (const [name, value] of Object.entries(answer.headers)) headers[name.toLowerCase()] = value;
  const bytes = Buffer.from(text);
  const hasBody = answer.status !== 204 && answer.status !== 304;
  if (hasBody) headers['content-length'] ??= String(bytes.length);
  handler.onResponseStart?.(controller, answer.status, headers, 'Stubbed');
  if (controller.aborted) return;
  if (hasBody && call.method !== 'HEAD' && bytes.length > 0) handler.onResponseData?.(controller, bytes);
  if (!controller.aborted) handler.onResponseEnd?.(controller, {});
}

function renderBody({ json, body, echo }: StubAnswer, call: SentCall): { type?: string; text: string } {
  if (body !== undefined) return { type: 'text/plain; charset=utf-8', text: body };
  if (echo !== true)
    return json === undefined ? { text: '' } : { type: 'application/json', text: JSON.stringify(json) };
  const { name, method, path, headers } = call;
  const isJsonBody = headers['content-type']?.includes('json') === true;
  const told = {
    service: name,
    method,
    path,
    headers,
    ...(call.body !== '' && { [isJsonBody ? 'json' : 'body']: parsedOr(call.body, isJsonBody) }),
  };
  return { type: 'application/json', text: JSON.stringify(told) };
}

function parsedOr(text: string, isJsonBody: boolean): unknown {
  if (!isJsonBody) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** What a handler holds a connection by. There is nothing to pause: a stub has said all that it says. */
class StubController implements TransportController {
  aborted = false;
  reason: Error | null = null;
  readonly paused = false;
  onAbort: (() => void) | undefined;

  abort(reason: Error): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reason;
    this.onAbort?.();
  }

  pause(): void {}

  resume(): void {}
}
