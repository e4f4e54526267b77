import { randomUUID } from 'node:crypto';
import { contextOf, type RequestContext } from '../context.ts';
import type { GatewayError } from '../errors.ts';
import { replay } from '../idempotency/kept-answer.ts';
import { readKey } from '../idempotency/key.ts';
import { MemoryStore } from '../idempotency/memory-store.ts';
import { type IdempotencyOptions, idempotencyKeys, idempotencyOption } from '../idempotency/options.ts';
import { RedisStore } from '../idempotency/redis-store.ts';
import { problem, refusalOf } from '../idempotency/refusals.ts';
import { Run } from '../idempotency/run.ts';
import { callerOf, fingerprintOf, isProven, recordIdOf } from '../idempotency/scope.ts';
import { Sendings } from '../idempotency/sendings.ts';
import type { Begun, Claim, KeyStore, Terms } from '../idempotency/store.ts';
import { askForIdentity, toldField } from '../idempotency/told-field.ts';
import { isGatewaysOwn } from '../lib/header-filter.ts';
import type { Kind } from '../pool.ts';
import { defineStage, type Report, type RouteInfo, type StageDeps } from '../stage.ts';
import { completeTimeouts, timeoutsKey } from '../upstream/service-options.ts';

const keyStoreKind: Kind<KeyStore> = { name: 'idempotency', close: (store) => store.close() };
const sendingsKind: Kind<Sendings> = { name: 'idempotency sendings', close: (sendings) => sendings.close() };

/** So much longer than a request may take until its answer begins, a key stays closed when it is lost. */
const LEASE_BEYOND_MS = 30_000;

/** Fields that mean something else. */
const TAKEN = new Set([
  'authorization',
  'cookie',
  'content-type',
  'content-encoding',
  'accept',
  'origin',
  'user-agent',
]);

type Next = (error?: unknown) => void;

/**
 * Runs a request that names an `Idempotency-Key` once, and gives its answer again to whoever sends it again
 * (draft-ietf-httpapi-idempotency-key-header): 409 `idempotency_in_progress` or `idempotency_unknown`, 422
 * `idempotency_mismatch`, 400 for a key that is missing or none, 503 `idempotency_unavailable` without its store.
 */
export const idempotencyStage = defineStage({
  name: 'idempotency',
  keys: idempotencyKeys,
  reads: { timeouts: timeoutsKey },
  shadow: { needs: ['idempotency'] },

  check(_file, routes, report) {
    routes.forEach(({ idempotency }, index) => {
      if (typeof idempotency === 'object') checkHeader(idempotency, ['routes', index, 'idempotency', 'header'], report);
    });
  },

  create({ idempotency, timeouts }, route, deps) {
    if (!route.matched || idempotency === undefined || idempotency === false) return undefined;
    const options = idempotency === true ? idempotencyOption.parse({}) : idempotency;
    const { required, header, retry } = options;
    const methods = new Set<string>(options.methods);
    const field = header.toLowerCase();
    const leaseMs = options.lease ?? completeTimeouts(timeouts).total + LEASE_BEYOND_MS;
    const terms = { ttlMs: options.ttl, leaseMs, retriesLost: options.onLost === 'retry' };
    const keys = new RouteKeys(options, terms, route, deps);

    // What is only tried out uses no key up.
    const use =
      route.isShadowed === true
        ? (_key: string, _context: RequestContext, next: Next) => next()
        : (key: string, context: RequestContext, next: Next) => {
            context.isRepeatable = retry;
            return keys.run(key, context, next);
          };

    return function idempotency(req, _res, next) {
      const context = contextOf(req);
      if (!methods.has(context.method)) return next();
      // As the service is told it: a key that it can not see is none that anybody may count on.
      const told = toldField(context, field);
      const isSent = told !== undefined || req.headers[field] !== undefined;
      if (!isSent && !required) return next();
      const key = readKey(told ?? '');
      if (key === undefined) return next(noKey(header, isSent, told !== undefined));
      context.trace?.push({ stage: 'idempotency', decision: `the request names a key in ${header}` });
      if (context.dryRun) return keys.explain(key, context, next);
      return use(key, context, next);
    };
  },
});

const WORDS: Readonly<Record<Begun['state'], string>> = {
  begun: 'the key is new: the request runs',
  running: 'another request with the key is under way',
  lost: 'nobody knows what came of the first request with the key',
  answered: 'the answer of the first request is given again',
  spent: 'the key is used, and the answer is not kept',
  mismatch: 'the key belongs to another request',
  closed: 'no new key is taken at the moment',
};

/** The keys of one route. */
class RouteKeys {
  readonly #options: IdempotencyOptions;
  readonly #terms: Terms;
  readonly #route: RouteInfo;
  readonly #store: KeyStore;
  readonly #sendings: Sendings;
  readonly #metrics: StageDeps['metrics'];

  constructor(options: IdempotencyOptions, terms: Terms, route: RouteInfo, deps: StageDeps) {
    const { lease, redis, clock, log, metrics } = deps;
    this.#options = options;
    this.#terms = terms;
    this.#route = route;
    this.#metrics = metrics;
    this.#sendings = lease.use(sendingsKind, '', () => new Sendings());
    this.#store = lease.use(keyStoreKind, '', () =>
      redis === undefined ? new MemoryStore(clock) : new RedisStore(redis, log),
    );
  }

  /** Says what would become of a request with this key, and takes it for nobody. */
  async explain(key: string, context: RequestContext, next: Next): Promise<void> {
    let said: Begun;
    try {
      said = await this.#store.peek(await this.#claimOf(key, context));
    } catch (error) {
      if (this.#options.onStoreError === 'allow') return next();
      return next(problem('idempotency_unavailable', undefined, 1000, error));
    }
    context.trace?.push({ stage: 'idempotency', decision: WORDS[said.state] });
    next(said.state === 'begun' || said.state === 'answered' ? undefined : refusalOf(said));
  }

  async #claimOf(key: string, context: RequestContext): Promise<Claim> {
    const fingerprint = await fingerprintOf(context, this.#route);
    const caller = callerOf(context, this.#route);
    const id = recordIdOf(key, this.#route.name, caller);
    return { ...this.#terms, id, caller, owner: randomUUID(), fingerprint };
  }

  /** Lets the first request with a key on, and answers those that follow it. */
  async run(key: string, context: RequestContext, next: Next): Promise<void> {
    const claim = await this.#claimOf(key, context);
    let begun: Begun;
    try {
      // A store in this process answers at once: nobody comes between.
      const answered = this.#store.begin(claim);
      begun = answered instanceof Promise ? await answered : answered;
    } catch (error) {
      this.#count('unavailable');
      if (this.#options.onStoreError === 'allow') return next();
      return next(problem('idempotency_unavailable', undefined, 1000, error));
    }
    this.#count(begun.state);
    if (begun.state === 'answered') return replay(context, begun.answer);
    if (begun.state !== 'begun') return next(refusalOf(begun));
    // The client may have left meanwhile, and then nothing runs.
    if (context.res.destroyed || context.res.writableEnded) {
      await this.#store.finish(claim, { state: 'free' });
      return;
    }
    askForIdentity(context);
    new Run(context, claim, this.#store, {
      maxBytes: this.#options.maxSize,
      keepsCookies: isProven(context),
      sending: this.#sendings.watch(context),
    });
    next();
  }

  #count(result: Begun['state'] | 'unavailable'): void {
    this.#metrics.idempotency.labels(this.#route.name, result).inc();
  }
}

function noKey(header: string, isSent: boolean, isTold: boolean): GatewayError {
  if (!isSent)
    return problem(
      'idempotency_key_missing',
      `Send ${header} with a key that is new for each new request, a UUID for one.`,
    );
  return problem(
    'idempotency_key_invalid',
    isTold
      ? `${header} holds no key: send one string of 1 to 255 visible characters.`
      : `${header} is not sent on, so that the service would not see the key: do not name it in Connection.`,
  );
}

function checkHeader({ header }: IdempotencyOptions, path: readonly (string | number)[], report: Report): void {
  const lower = header.toLowerCase();
  if (isGatewaysOwn(lower) || lower.includes('_'))
    report(path, `"${header}" is never sent on to a service as a client wrote it`, 'take "Idempotency-Key"');
  else if (TAKEN.has(lower)) report(path, `"${header}" means something else`, 'take "Idempotency-Key"');
}
