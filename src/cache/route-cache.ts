import type { RequestContext } from '../context.ts';
import { GatewayError } from '../errors.ts';
import { hasBody } from '../lib/has-body.ts';
import type { Filling } from './collapse.ts';
import { addValidators, isForServiceAlone } from './conditions.ts';
import { freshForMs } from './entry.ts';
import { Exchange, type Sent } from './exchange.ts';
import { expirePatterns, invalidateUrls, isSafeMethod } from './invalidate.ts';
import { createNames, hasOverride, keepKeyed } from './key.ts';
import { type Choice, choose, lookUp } from './look.ts';
import { Behind, Passing } from './passing.ts';
import type { Ask, CachePlan, Look } from './plan.ts';
import { readTerms } from './request-terms.ts';
import { serve } from './serve.ts';
import { then } from './store.ts';
import { gatherTold, type ToldFields } from './told-fields.ts';

type Next = (error?: unknown) => void;

/** So often a request waits for others before it asks itself: for the URL, and for its variant of it. */
const MAX_WAITS = 2;

/**
 * A shared cache before a route's service (RFC 9111): the story of a request.
 *
 * 1. What can't be answered from a store passes by (`bypassReason`): its answer invalidates, where it changes something.
 * 2. Its names are made (key.ts) and looked up (look.ts). What is fresh is the answer (serve.ts).
 * 3. What is stale is the answer too where it may be, and is asked for anew behind it, once.
 * 4. Else somebody else may be asking for the same: then it waits, and looks again (collapse.ts).
 * 5. Else the service is asked, whether what is stored is still good or for all of it, and the answer is stored while it
 *    passes (exchange.ts).
 */
export class RouteCache {
  readonly #plan: CachePlan;

  constructor(plan: CachePlan) {
    this.#plan = plan;
  }

  handle(context: RequestContext, next: Next): void {
    const told = gatherTold(context.upstreamHeaders);
    const { keyed, store } = this.#plan;
    const terms = readTerms(told);
    const reason = store.isUp ? bypassReason(context, told, terms.noStore) : 'bypass; detail=off';
    if (reason === undefined) {
      if (keyed !== undefined) context.query = keepKeyed(context.query, keyed);
      const names = createNames(context, told, this.#plan);
      this.#look({ context, next, told, names, terms }, 0);
    } else if (terms.onlyIfCached && isSafeMethod(context.method)) {
      next(notStored());
    } else {
      this.#pass(context, told, reason, next);
    }
  }

  #pass(context: RequestContext, told: ToldFields, reason: string, next: Next): void {
    context.trace?.push({ stage: 'cache', decision: reason });
    if (!context.dryRun && context.upgrade === undefined) {
      const plan = this.#plan;
      if (context.method === 'GET' || context.method === 'HEAD') {
        context.cache = 'bypass';
        plan.count('bypass');
      }
      context.sink = new Passing(context.sink, reason, (status, fields) => {
        invalidateUrls(plan, context, told, status, fields);
        expirePatterns(plan, fields);
      });
    }
    next();
  }

  #look(ask: Ask, waits: number): void {
    then(lookUp(this.#plan, ask), (look) => this.#decide(ask, look, waits), ask.next);
  }

  #decide(ask: Ask, look: Look, waits: number): void {
    const { context, terms, next } = ask;
    const plan = this.#plan;
    const nowMs = plan.now();
    const choice = choose(look, ask, nowMs);
    if (context.dryRun) {
      explain(ask, choice, nowMs);
    } else if (context.res.destroyed) {
      // The client left while Redis was asked.
    } else if (choice?.use === 'fresh' || choice?.use === 'stale') {
      const result = choice.use === 'fresh' ? 'hit' : 'stale';
      context.idleMs = plan.idleMs;
      plan.count(result);
      serve(ask, context.sink, choice.entry, result, nowMs, waits === 0 ? '' : 'fwd=miss; collapsed');
    } else if (choice?.use === 'stale-while-revalidate') {
      this.#serveAndAsk(ask, look, choice, nowMs);
    } else if (terms.onlyIfCached) {
      next(notStored());
    } else {
      this.#askOrWait(ask, look, choice, waits);
    }
  }

  /** One asks, the others wait; see collapse.ts. */
  #askOrWait(ask: Ask, look: Look, choice: Choice | undefined, waits: number): void {
    const { context } = ask;
    const name = sharedName(this.#plan, ask, look, choice);
    const filling = name === undefined ? undefined : this.#plan.collapse.begin(name);
    const waiter =
      name === undefined || filling !== undefined || waits >= MAX_WAITS
        ? undefined
        : this.#plan.collapse.wait(name, () => {
            context.abort = undefined;
            if (!context.res.destroyed) this.#look(ask, waits + 1);
          });
    if (waiter === undefined) this.#send(ask, look, choice, filling);
    else context.abort = waiter;
  }

  #send(ask: Ask, look: Look, choice: Choice | undefined, filling: Filling | undefined): void {
    const { context } = ask;
    const isValidating =
      choice !== undefined && context.method === 'GET' && addValidators(context.upstreamHeaders, choice.entry.fields);
    const reason = choice === undefined ? missReason(look) : choice.use === 'ask:request' ? 'request' : 'stale';
    const sent: Sent = { look, choice, isValidating, filling, reason, isBehind: false };
    context.sink = new Exchange(this.#plan, ask, sent, context.sink);
    ask.next();
  }

  /**
   * Asks the service with this very request, and gives the client what is stored meanwhile (RFC 5861, section 3). The
   * request is sent on before the client is answered: what is answered walks no further. From then on the answer is
   * nobody's but the store's, and what is under way ends with it, not with the client.
   */
  #serveAndAsk(ask: Ask, look: Look, choice: Choice, nowMs: number): void {
    const { context } = ask;
    const plan = this.#plan;
    const front = context.sink;
    const filling = context.method === 'GET' ? plan.collapse.begin(choice.spot.name) : undefined;
    if (filling !== undefined) {
      const isValidating = addValidators(context.upstreamHeaders, choice.entry.fields, true);
      const sent: Sent = { look, choice, isValidating, filling, reason: 'stale', isBehind: true };
      let underWay: RequestContext['abort'];
      const behind = new Behind((ended) => {
        const last = ended.abort ?? underWay;
        ended.abort = undefined;
        last?.close();
      });
      context.sink = new Exchange(plan, ask, sent, behind);
      context.goesOnBehind = true;
      ask.next();
      underWay = context.abort;
      context.abort = undefined;
      // The log tells of the answer that the client got: nobody was asked for that.
      context.attempts = 0;
    }
    context.idleMs = plan.idleMs;
    plan.count('stale');
    serve(ask, front, choice.entry, 'stale', nowMs);
  }
}

/** By which others know that it asks for what they want; undefined where it can't share the answer, or wants a part. */
function sharedName(
  { collapse }: CachePlan,
  { context, told }: Ask,
  { common, own }: Look,
  choice: Choice | undefined,
): string | undefined {
  const isPart = context.method !== 'GET' || told.has('range');
  if (isPart || choice?.use === 'ask:request') return undefined;
  if (choice !== undefined) return choice.spot.name;
  return collapse.isCommon(common.base) ? common.name : own?.name;
}

function missReason({ common, own }: Look): string {
  return common.vary.length > 0 || (own !== undefined && own.vary.length > 0) ? 'vary-miss' : 'uri-miss';
}

/** Why a request passes by; undefined where it may be answered from the store. */
function bypassReason(context: RequestContext, told: ToldFields, noStore: boolean): string | undefined {
  const { method, req, upgrade } = context;
  if (method !== 'GET' && method !== 'HEAD') return 'method';
  if (upgrade !== undefined || hasBody(req) || hasOverride(told) || isForServiceAlone(told)) return 'bypass';
  return noStore ? 'request' : undefined;
}

function notStored(): GatewayError {
  return new GatewayError('not_stored');
}

/** What would be given out, or why the service would be asked: a stored answer ends the walk as it ends a request. */
function explain({ context, next, terms }: Ask, choice: Choice | undefined, nowMs: number): void {
  const seconds = choice === undefined ? 0 : Math.floor(freshForMs(choice.entry, nowMs) / 1000);
  const decision = choice === undefined ? 'nothing is stored' : `${choice.use}, fresh for ${seconds} s`;
  const isGivenOut = choice !== undefined && !choice.use.startsWith('ask:');
  context.trace?.push({
    stage: 'cache',
    decision,
    facts: { cache: { stored: choice !== undefined, isGivenOut, freshForSeconds: seconds } },
  });
  if (isGivenOut) context.sink.end(context, undefined);
  else next(terms.onlyIfCached ? notStored() : undefined);
}
