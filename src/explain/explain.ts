import { Undecided } from '../auth/recorded.ts';
import type { RequestContext, Sink } from '../context.ts';
import type { Deps } from '../deps.ts';
import { GatewayError } from '../errors.ts';
import type { Decision } from '../facts.ts';
import type { Gateway } from '../gateway.ts';
import type { ConsideredRoute, Explanation, SentRequest } from './explanation.ts';
import { findHeadFault } from './head-fault.ts';
import { type AskedRequest, type Question, requestOf } from './question.ts';
import { createShown, type Shown } from './shown.ts';
import { explainSteps } from './steps.ts';
import { readTokenClaims } from './token-claims.ts';

/** A stage that asks somebody (Redis, say) has so long; what is known by then is told. */
const WITHIN_MS = 5_000;

/** How a dry run ended. */
interface Ended {
  readonly context: RequestContext;
  readonly error: unknown;
}

/**
 * Explains what would become of a request: it walks the real chain of its route with nothing consumed, written or sent
 * (`dryRun`), so that what is told can't be another thing than what happens.
 */
export async function explain(
  gateway: Pick<Gateway, 'inProcess' | 'snapshot'>,
  { settings, hidden, clock }: Pick<Deps, 'settings' | 'hidden' | 'clock'>,
  question: Question,
): Promise<Explanation> {
  const shown = createShown(hidden);
  const asked = requestOf(question);
  const body = question.body === undefined ? undefined : Buffer.from(question.body);
  const { context, error } = await walkDry(gateway, asked, body, question.ask);
  const trace = context.trace ?? [];
  const route = gateway.snapshot.routes.find(({ name }) => name === context.route?.name);
  const facts = factsOf(trace);
  const token = readTokenClaims(context, gateway.snapshot.config, settings, clock.now());
  return {
    request: describeRequest(asked, context, shown),
    route: context.route?.name ?? null,
    considered: (facts['considered'] ?? []) as readonly ConsideredRoute[],
    ...(facts['nearest'] !== undefined && { nearest: facts['nearest'] as NonNullable<Explanation['nearest']> }),
    steps: explainSteps(trace, route, error === undefined ? undefined : context.refusedBy, shown.text),
    ...describeOutcome(error, shown, facts['answers']),
    ...describeCaller(context),
    ...(token.length > 0 && { token }),
    answerHeaders: toPairs([...context.corsHeaders, ...(context.extraHeaders ?? [])]),
    ...describeFarSide(context, asked, facts, shown),
    trace: trace.map(({ stage, decision }) => ({ stage, decision: shown.text(decision) })),
  };
}

function walkDry(
  { inProcess }: Pick<Gateway, 'inProcess'>,
  { method, target, headers, from }: AskedRequest,
  body: Buffer | undefined,
  mayAsk: boolean,
): Promise<Ended> {
  return new Promise((resolve) => {
    const sink: Sink = {
      head: () => undefined,
      write: () => true,
      end: (context) => finish(context, undefined),
      fail: (context, error) => finish(context, error),
    };
    const finish = (context: RequestContext, error: unknown): void => {
      clearTimeout(timer);
      resolve({ context, error });
    };
    const timer = setTimeout(
      () => call.abort(new GatewayError('internal', `No stage has decided within ${WITHIN_MS / 1000} s.`)),
      WITHIN_MS,
    );
    const refusal = findHeadFault({ method, target, headers, from });
    const call = inProcess({
      method,
      target,
      headers,
      from,
      sink,
      dryRun: true,
      mayAsk,
      refusal,
      ...(body && { body }),
    });
  });
}

/** What the stages noted for programs; of two the later one. */
function factsOf(trace: readonly Decision[]): Readonly<Record<string, unknown>> {
  return Object.assign({}, ...trace.map(({ facts }) => facts ?? {}));
}

function describeRequest(asked: AskedRequest, context: RequestContext, shown: Shown): Explanation['request'] {
  return {
    method: context.method,
    host: context.req.headers.host ?? '',
    asked: shown.target(asked.target),
    path: shown.target(context.path + context.query),
    clientAddress: context.clientAddress,
    scheme: context.scheme,
  };
}

function describeOutcome(
  error: unknown,
  shown: Shown,
  answers: unknown,
): Pick<Explanation, 'outcome'> & Partial<Explanation> {
  if (error === undefined) return { outcome: 'passes', ...(typeof answers === 'number' && { status: answers }) };
  if (!(error instanceof GatewayError))
    return { outcome: 'refused', status: 500, code: 'internal', detail: String(error) };
  const undecided = findUndecided(error);
  if (undecided !== undefined) return { outcome: 'undecided', detail: undecided.message };
  const { code, row, extras, status, message } = error;
  const { detailForLog, retryAfterSeconds, errors, headers = [] } = extras ?? {};
  return {
    outcome: 'refused',
    status,
    code,
    source: row.source,
    detail: message,
    ...(detailForLog !== undefined && { detailForLog: shown.text(detailForLog) }),
    advice: row.advice,
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
    ...(errors !== undefined && { errors }),
    ...(headers.length > 0 && { refusalHeaders: toPairs(headers) }),
  };
}

/** Of a part, or of the request itself. */
function findUndecided(error: GatewayError): Undecided | undefined {
  for (let cause = error.cause; cause instanceof Error; cause = cause.cause)
    if (cause instanceof Undecided) return cause;
  return undefined;
}

function describeCaller(context: RequestContext): Pick<Explanation, 'caller'> {
  const { authMethod, consumer, subject, issuer, roles, scopes, plan } = context;
  if (authMethod === undefined) return {};
  const all = { authMethod, consumer: consumer?.name, subject, issuer, roles, scopes, plan };
  return { caller: Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) };
}

function describeFarSide(
  { service, target }: RequestContext,
  asked: AskedRequest,
  facts: Readonly<Record<string, unknown>>,
  shown: Shown,
): Partial<Explanation> {
  const { sends, breaker, bulkhead, targets, timeouts, retry, cache } = facts as {
    [K in 'sends' | 'breaker' | 'bulkhead' | 'targets' | 'timeouts' | 'retry' | 'cache']?: never;
  };
  return {
    ...(cache !== undefined && { cache }),
    ...(service !== undefined && { service }),
    ...(target !== undefined && { target }),
    ...(breaker !== undefined && { breaker, bulkhead, targets }),
    ...(sends !== undefined && { sends: describeSent(sends, asked, shown), timeouts, retry }),
  };
}

function describeSent(
  { method, url, headers }: Pick<SentRequest, 'method' | 'url' | 'headers'>,
  asked: AskedRequest,
  shown: Shown,
): SentRequest {
  const told = new Map(headers.map(([name, value]) => [name.toLowerCase(), value]));
  const sent = new Map(toPairs(asked.headers).map(([name, value]) => [name.toLowerCase(), value]));
  return {
    method,
    url: shown.url(url),
    headers: headers.map(([name, value]) => [name, shown.field(name, value)]),
    removed: [...sent.keys()].filter((name) => !told.has(name)),
    added: [...told].filter(([name, value]) => sent.get(name) !== value).map(([name]) => name),
  };
}

function toPairs(list: readonly string[]): (readonly [string, string])[] {
  const pairs: (readonly [string, string])[] = [];
  for (let i = 0; i + 1 < list.length; i += 2) pairs.push([list[i] as string, list[i + 1] as string]);
  return pairs;
}
