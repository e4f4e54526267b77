import type { AttemptOutcome, RequestContext } from '../context.ts';
import type { Deps } from '../deps.ts';
import type { Kind, Lease } from '../pool.ts';
import { createBalancer, defaultBalance } from './balance/balance.ts';
import { Bulkhead, bulkheadOption } from './bulkhead.ts';
import { discoverTargets, discoveryKind } from './discovery/discover.ts';
import { createStaticTargets, type SourceState } from './discovery/source.ts';
import { RetryBudget } from './forward/retry.ts';
import { type ActiveChecks, type HealthCheckOptions, startActiveChecks } from './health/active.ts';
import { isUsable, noteOutcome, PASSIVE_HEALTH_DEFAULTS, usableTargets } from './health/passive.ts';
import { createProbe } from './health/probe.ts';
import type { ServiceOptions } from './service-options.ts';
import { reconcileTargets, splitTargetUrl, Target, type TargetSpec } from './target.ts';
import { createTransport } from './transport.ts';

export type ServiceTarget = Target;

/** What we proxy to: its targets, which of them is asked next, and how many calls it has under way. */
export interface Service {
  readonly name: string;
  readonly targets: readonly ServiceTarget[];
  /** What is known of the targets: `stale` when discovery does not answer. */
  readonly discovery: SourceState;
  readonly bulkhead: Bulkhead;
  readonly retries: RetryBudget;
  /** A healthy target for this request, none of the excluded ones; undefined when there is none. */
  pick(context: RequestContext, excluded: ReadonlySet<ServiceTarget> | undefined): ServiceTarget | undefined;
  /** An attempt at a target begins, and ends when its answer is complete. */
  begin(target: ServiceTarget): void;
  end(target: ServiceTarget): void;
  /** How an attempt went, and how long it took to the response head. */
  note(target: ServiceTarget, outcome: AttemptOutcome, tookMs: number): void;
  close(): void;
}

export const serviceKind: Kind<Service> = { name: 'service', close: (service) => service.close() };

/** A target and its connections outlive a change of the service around it. */
const targetKind: Kind<ServiceTarget> = { name: 'target', close: (target) => target.transport.close() };

type ServiceDeps = Pick<Deps, 'settings' | 'log' | 'metrics' | 'pool'>;

/** Everything that a snapshot gets comes from the pool, its services too. */
export function createService(name: string, options: ServiceOptions, deps: ServiceDeps): Service {
  const { discover, passiveHealth = PASSIVE_HEALTH_DEFAULTS } = options;
  const lease = deps.pool.lease();
  const source =
    discover === undefined
      ? createStaticTargets(options.targets ?? [])
      : lease.use(discoveryKind, JSON.stringify(discover), () => discoverTargets(discover, deps));
  const balancer = createBalancer(
    options.balance ?? defaultBalance(source.specs),
    options.slowStart === undefined ? {} : { slowStartMs: options.slowStart },
  );
  const countAttempt = attemptCounter(name, deps);
  let targets: readonly ServiceTarget[] = [];
  let checks: ActiveChecks | undefined;

  const keyOf = (url: string): string => JSON.stringify([name, url, options.tls, options.http2]);

  function update(specs: readonly TargetSpec[]): void {
    targets = reconcileTargets(
      targets,
      specs,
      (spec) => useTarget(lease, keyOf(spec.url), spec, options),
      (target) => lease.drop(targetKind, keyOf(target.url)),
    );
    checks?.update(targets);
  }
  update(source.specs);
  const unsubscribe = source.subscribe(update);
  if (options.healthCheck !== undefined) checks = startChecks(name, targets, options.healthCheck, deps);

  return {
    name,
    get targets() {
      return targets;
    },
    get discovery() {
      return source.state;
    },
    bulkhead: new Bulkhead(options.bulkhead ?? bulkheadOption.parse({})),
    retries: new RetryBudget(),
    pick(context, excluded) {
      // A single target is never out: there is nobody else to ask.
      const [only] = targets;
      if (targets.length === 1 && excluded === undefined && only !== undefined && only.weight > 0) return only;
      const usable = usableTargets(targets, performance.now(), excluded);
      return usable.length === 0 ? undefined : balancer.pick(usable, context);
    },
    begin(target) {
      target.inFlight += 1;
    },
    end(target) {
      target.inFlight -= 1;
    },
    note(target, outcome, tookMs) {
      countAttempt(outcome);
      const now = performance.now();
      // A target that lets calls run into their deadline is slow before it is ejected.
      if (outcome === 'ok' || outcome === 'headers-timeout') target.observe(tookMs, now);
      if (!noteOutcome(target, outcome, now, passiveHealth)) return;
      deps.log.warn(`target ${target.url} of ${name} is left alone: ${passiveHealth.failures} failures in a row`, {
        service: name,
        target: target.url,
      });
    },
    close() {
      unsubscribe();
      checks?.close();
      lease.release();
    },
  };
}

/** How many of its targets are given requests, for the metrics. */
export function countTargets({ name, targets }: Service): { service: string; healthy: number; out: number } {
  const now = performance.now();
  const healthy = targets.filter((target) => isUsable(target, now)).length;
  return { service: name, healthy, out: targets.length - healthy };
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

function startChecks(
  name: string,
  targets: readonly ServiceTarget[],
  options: HealthCheckOptions,
  { log }: ServiceDeps,
): ActiveChecks {
  return startActiveChecks(targets, options, createProbe(options), {
    onChange: ({ url, activeHealth }) =>
      log.warn(`target ${url} of ${name} is ${activeHealth}`, { service: name, target: url }),
  });
}

function useTarget(lease: Lease, key: string, spec: TargetSpec, options: ServiceOptions): ServiceTarget {
  return lease.use(targetKind, key, () => {
    const { tls, http2 = false } = options;
    return new Target(
      spec,
      createTransport(splitTargetUrl(spec.url).origin, { http2, ...(tls !== undefined && { tls }) }),
    );
  });
}
