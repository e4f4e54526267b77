import type { RequestContext } from '../context.ts';
import { GatewayError } from '../errors.ts';
import type { AttemptOutcome, AttemptSpan, RequestSpan } from '../facts.ts';
import type { HiddenValues } from '../lib/hidden-values.ts';
import { randomHex } from '../lib/random-hex.ts';
import { redactPath } from '../lib/redact.ts';
import { spanIdOf, traceIdOf, withSpanId } from '../lib/trace-context.ts';
import { Attributes, CLIENT, encodeSpan, INTERNAL, SERVER } from './encode.ts';
import { type Arrived, addMethod, routeOf, serverAttributes, spanName } from './server-attributes.ts';

/** What all spans share. */
export interface Tracer {
  readonly hidden: HiddenValues;
  /** Takes a finished span, as JSON. */
  add(span: string): void;
}

/** A stage that goes on sooner has not waited: it has been a promise for a moment. */
const LEAST_WAIT_MS = 0.05;
/** What a client chose is cut to this many characters. */
const MAX_URL_CHARS = 2048;
/** It is told of by its attempts. */
const FORWARD = 'forward';
/** What it finds is told of however short it looks. */
const CACHE = 'cache';

/** The span of a request, from its first byte here to the last of its answer, and those within it. */
export class GatewaySpan implements RequestSpan {
  told: RequestSpan['told'] = undefined;
  readonly #tracer: Tracer;
  readonly #context: RequestContext;
  readonly #traceparent: string;
  readonly #parentId: string | undefined;
  readonly #epochMs: number;
  readonly #arrived: Arrived;
  #stage: string | undefined;
  #sinceMs = 0;

  /** `epochMs`: what makes milliseconds since 1970 of `performance.now()`. */
  constructor(
    tracer: Tracer,
    context: RequestContext,
    traceparent: string,
    parentId: string | undefined,
    epochMs: number,
  ) {
    this.#tracer = tracer;
    this.#context = context;
    this.#traceparent = traceparent;
    this.#parentId = parentId;
    this.#epochMs = epochMs;
    const { headers, httpVersion } = context.req;
    this.#arrived = { host: headers.host, httpVersion };
  }

  waits(stage: string, sinceMs: number): void {
    // A cache has said so itself, before it looked.
    if (stage === FORWARD || stage === this.#stage) return;
    this.#stage = stage;
    this.#sinceMs = sinceMs;
  }

  goesOn(error?: unknown): void {
    if (this.#stage !== undefined) this.#endStage(performance.now(), error);
  }

  attempt(url: URL, path: string): AttemptSpan {
    const traceparent = withSpanId(this.#traceparent, randomHex(8));
    const beganMs = performance.now();
    const { attempts } = this.#context;
    const attributes = new Attributes()
      .text('turnpike.service', this.#tracer.hidden.label(this.#context.service))
      .number('http.request.resend_count', attempts > 1 ? attempts - 1 : undefined);
    this.told?.(traceparent);
    return {
      traceparent,
      end: (outcome, status, atMs) => {
        addTarget(attributes, url, path, this.#tracer.hidden);
        this.#endAttempt(traceparent, attributes, { beganMs, outcome, status, atMs });
      },
    };
  }

  end({ totalMs, aborted }: Parameters<RequestSpan['end']>[0]): void {
    const context = this.#context;
    const { startedAtMs, headAtMs, parent, part } = context;
    const endMs = startedAtMs + totalMs;
    if (this.#stage !== undefined) this.#endStage(headAtMs === 0 ? endMs : headAtMs, undefined);
    const { hidden } = this.#tracer;
    const route = routeOf(context, hidden);
    const attributes = serverAttributes(context, this.#arrived, route, hidden);
    const isError = context.status >= 500 || aborted === 'upstream' || aborted === 'gateway';
    if (isError || aborted !== undefined)
      attributes.text(
        'error.type',
        context.errorCode ?? (aborted === 'client' ? 'client_closed' : `${context.status}`),
      );
    this.#add({
      id: spanIdOf(this.#traceparent),
      parentId: this.#parentId,
      name: parent === undefined ? spanName(context, route) : `part ${part ?? ''}`.trimEnd(),
      kind: parent === undefined ? SERVER : INTERNAL,
      startMs: startedAtMs,
      endMs,
      attributes,
      isError,
    });
  }

  #endStage(atMs: number, error: unknown): void {
    const name = this.#stage as string;
    this.#stage = undefined;
    if (atMs - this.#sinceMs < LEAST_WAIT_MS && name !== CACHE) return;
    const isError = error !== undefined && error !== null;
    const code = isError ? codeOf(error) : undefined;
    const attributes = new Attributes().text('turnpike.stage', name).text('turnpike.code', code?.code);
    if (name === CACHE) attributes.text('turnpike.cache', this.#context.cache);
    if (code?.isFault === true) attributes.text('error.type', code.code);
    this.#add({
      id: randomHex(8),
      parentId: spanIdOf(this.#traceparent),
      name,
      kind: INTERNAL,
      startMs: this.#sinceMs,
      endMs: atMs,
      attributes,
      isError: code?.isFault === true,
    });
  }

  #endAttempt(traceparent: string, attributes: Attributes, { beganMs, outcome, status, atMs }: EndedAttempt): void {
    const type = status >= 400 ? String(status) : outcome === 'ok' ? undefined : (outcome ?? '_OTHER');
    addMethod(attributes, this.#context);
    attributes
      .number('http.response.status_code', status === 0 ? undefined : status)
      .text('turnpike.outcome', outcome)
      .text('error.type', type);
    this.#add({
      id: spanIdOf(traceparent),
      parentId: spanIdOf(this.#traceparent),
      name: spanName(this.#context, undefined),
      kind: CLIENT,
      startMs: beganMs,
      endMs: atMs,
      attributes,
      isError: type !== undefined,
    });
  }

  #add(span: Omit<Parameters<typeof encodeSpan>[0], 'traceId'>): void {
    const epochMs = this.#epochMs;
    this.#tracer.add(
      encodeSpan({
        ...span,
        traceId: traceIdOf(this.#traceparent),
        startMs: epochMs + span.startMs,
        endMs: epochMs + span.endMs,
      }),
    );
  }
}

interface EndedAttempt {
  readonly beganMs: number;
  readonly outcome: AttemptOutcome | undefined;
  readonly status: number;
  readonly atMs: number;
}

/** What a client does wrong is no fault of the stage that says so. */
function codeOf(error: unknown): { code: string; isFault: boolean } {
  if (!(error instanceof GatewayError)) return { code: 'internal', isFault: true };
  return { code: error.code, isFault: error.status >= 500 };
}

/**
 * Where an attempt goes, as the log shows it. The query is left out: that of the client is at the whole request, without
 * its secrets, and what a route adds to it is nobody's.
 */
function addTarget(
  attributes: Attributes,
  { origin, hostname, port, protocol }: URL,
  path: string,
  hidden: HiddenValues,
) {
  const mark = path.indexOf('?');
  const shown = hidden.hide(origin + redactPath(mark < 0 ? path : path.slice(0, mark))).slice(0, MAX_URL_CHARS);
  const isSecret = !shown.startsWith(origin);
  attributes.text('url.full', shown).text('server.address', isSecret ? hidden.label(origin) : hostname);
  if (!isSecret) attributes.number('server.port', Number(port || (protocol === 'https:' ? 443 : 80)));
}
