import type { RequestContext } from '../context.ts';
import type { Deps } from '../deps.ts';
import type { AttemptOutcome } from '../facts.ts';
import { holdSeries } from '../metrics/series.ts';
import type { Kind } from '../pool.ts';
import { createBalancer, defaultBalance } from './balance/balance.ts';
import type { Balancer } from './balance/balancer.ts';
import type { Breaker } from './breaker.ts';
import { type Bulkhead, bulkheadOption } from './bulkhead.ts';
import {
  beginTrial,
  isWell,
  noteOutcome,
  PASSIVE_HEALTH_DEFAULTS,
  type PassiveHealthOptions,
  usableTargets,
} from './health/passive.ts';
import type { RetryBudget } from './retry-budget.ts';
import { type Edition, ServiceLife, serviceLifeKind } from './service-life.ts';
import type { ServiceOptions } from './service-options.ts';
import { reportTarget } from './service-report.ts';
import type { Target } from './target.ts';
import { followTargets } from './target-list.ts';
import { isNobodysFailure } from './transport.ts';
import { useBreaker } from './use-breaker.ts';

/** What we proxy to: its targets, which of them is asked next, and how many calls it has under way. */
export interface Service {
  /** In logs and metrics. */
  readonly name: string;
  /** What reports call it, first come, first named; see `ServiceReport.outsideName`. */
  readonly outsideNames: Set<string>;
  readonly breaker: Breaker;
  readonly bulkhead: Bulkhead;
  readonly retries: RetryBudget;
  /** All that it has now. */
  readonly targets: readonly Target[];
  /** Its options hold from now on for whatever it shares with other editions of itself. */
  readonly comeIntoForce: () => void;
  /** A healthy target for this request, none of the excluded ones; undefined when there is none. */
  pick(context: RequestContext, excluded: ReadonlySet<Target> | undefined): Target | undefined;
  /** True when a healthy target is left beside this one and those that were tried. */
  hasOther(target: Target, tried: ReadonlySet<Target> | undefined): boolean;
  /** An attempt at a target begins, and ends when its answer is complete. */
  begin(target: Target): void;
  end(target: Target): void;
  /** How an attempt went, how long it took to the response head, and the error or the status where it failed. */
  note(target: Target, outcome: AttemptOutcome, tookMs: number, cause?: unknown): void;
  close(): void;
}

export const serviceKind: Kind<Service> = { name: 'service', close: (service) => service.close() };

type ServiceDeps = Pick<Deps, 'settings' | 'log' | 'metrics' | 'pool' | 'call' | 'connect'>;

interface ServiceNames {
  readonly name: string;
  /** What it stays the same by through edits: what outlives them is found under it. */
  readonly identity: string;
}

/** Everything that a snapshot gets comes from the pool, its services too. */
export function createService({ name, identity }: ServiceNames, options: ServiceOptions, deps: ServiceDeps): Service {
  const { passiveHealth = PASSIVE_HEALTH_DEFAULTS } = options;
  const lease = deps.pool.lease();
  holdSeries(deps.metrics, 'service', name, lease);
  const breaker = useBreaker(name, options.circuitBreaker, { ...deps, lease });
  const life = lease.use(serviceLifeKind, identity, () => new ServiceLife(deps.call, healthLog(name, deps)));
  const outsideNames = new Set<string>();
  const list = followTargets({ name, identity }, options, lease, deps, () => life.update(edition));
  const edition: Edition = {
    bulkheadOptions: options.bulkhead ?? bulkheadOption.parse({}),
    healthCheck: options.healthCheck,
    get targets() {
      return list.targets;
    },
    applyWeights: list.applyWeights,
    report: (nowMs) => ({
      name,
      outsideName: outsideNames.values().next().value,
      circuit: breaker.state,
      discovery: list.state,
      inFlight: life.bulkhead.inFlight,
      waiting: life.bulkhead.waiting,
      targets: list.targets.map((target) => reportTarget(target, nowMs)),
    }),
  };
  const slowStart = options.slowStart === undefined ? {} : { slowStartMs: options.slowStart };
  const balancer = createBalancer(options.balance ?? defaultBalance(list.specs), slowStart);

  return {
    name,
    outsideNames,
    breaker,
    bulkhead: life.bulkhead,
    retries: life.retries,
    get targets() {
      return list.targets;
    },
    comeIntoForce: () => life.enter(edition),
    pick: (context, excluded) => pickTarget(list.targets, balancer, context, excluded),
    hasOther(target, tried) {
      for (const other of list.targets) {
        if (other !== target && isWell(other) && tried?.has(other) !== true) return true;
      }
      return false;
    },
    begin(target) {
      target.inFlight += 1;
      if (target.isEjected) beginTrial(target, performance.now());
    },
    end(target) {
      target.inFlight -= 1;
    },
    note: createNote(name, passiveHealth, deps),
    close() {
      list.close();
      life.leave(edition);
      lease.release();
    },
  };
}

function pickTarget(
  targets: readonly Target[],
  balancer: Balancer,
  context: RequestContext,
  excluded: ReadonlySet<Target> | undefined,
): Target | undefined {
  // A single target is never out: there is nobody else to ask.
  const [only] = targets;
  if (targets.length === 1 && excluded === undefined && only !== undefined && only.weight > 0) return only;
  const isSafe = context.method === 'GET' || context.method === 'HEAD';
  const usable = usableTargets(targets, performance.now(), excluded, isSafe);
  if (usable.length === 0) return undefined;
  return context.dryRun ? pickAndForget(usable, balancer, context) : balancer.pick(usable, context);
}

/** Whom the request would get, without its having had a turn. */
function pickAndForget(targets: readonly Target[], balancer: Balancer, context: RequestContext): Target | undefined {
  const before = targets.map(({ turn, exploredAtMs }) => ({ turn, exploredAtMs }));
  const picked = balancer.pick(targets, context);
  targets.forEach((target, index) => void Object.assign(target, before[index]));
  return picked;
}

/** Takes in how an attempt went: counted, and learned from. */
function createNote(name: string, passiveHealth: PassiveHealthOptions, deps: ServiceDeps): Service['note'] {
  const countAttempt = attemptCounter(name, deps);
  return function note(target, outcome, tookMs, cause) {
    countAttempt(outcome);
    const now = performance.now();
    if (outcome === 'ok') target.failures.inARow = 0;
    else if (!isNobodysFailure(outcome)) target.failures.note(outcome, cause, now);
    // A target that lets calls run into their deadline is slow before it is ejected.
    if (outcome === 'ok' || outcome === 'headers-timeout') target.observe(tookMs, now);
    if (!noteOutcome(target, outcome, now, passiveHealth, now - tookMs)) return;
    const forSeconds = Math.round((target.ejectedUntilMs - now) / 1000);
    deps.log.warn(`target ${target.url} of ${name} is left alone for ${forSeconds} s: it keeps failing`, {
      service: name,
      target: target.url,
    });
  };
}

/** Counts attempts by outcome; the labels are looked up once. */
function attemptCounter(service: string, { metrics }: ServiceDeps): (outcome: AttemptOutcome) => void {
  const counters = new Map<AttemptOutcome, { inc(): void }>();
  return (outcome) => {
    let counter = counters.get(outcome);
    if (counter === undefined) {
      counter = metrics.attempts.labels(service, outcome);
      counters.set(outcome, counter);
    }
    counter.inc();
  };
}

function healthLog(name: string, { log }: ServiceDeps): (target: Target) => void {
  return ({ url, activeHealth }) =>
    log.warn(`target ${url} of ${name} is ${activeHealth}`, { service: name, target: url });
}
