import type { AttemptOutcome, RequestContext } from '../context.ts';
import type { Kind, Lease, Pool } from '../pool.ts';
import { createBalancer, defaultBalance } from './balance.ts';
import { RetryBudget } from './retry.ts';
import type { ServiceOptions } from './service-options.ts';
import { reconcileTargets, Target, type TargetSpec } from './target.ts';
import { createStaticTargets, type TargetSource } from './targets-static.ts';
import { createTransport, type Transport } from './transport.ts';

/** The connections to a target, and its address in the form that http-proxy-middleware wants. */
export interface TargetLink {
  readonly transport: Transport;
  readonly url: URL;
}

export type ServiceTarget = Target<TargetLink>;

/** What we proxy to: its targets, who of them is asked next, and how many calls it has under way. */
export interface Service {
  readonly name: string;
  readonly targets: readonly ServiceTarget[];
  /** Calls that have begun and not ended. */
  readonly inFlight: number;
  readonly retries: RetryBudget;
  /** A target for this request, none of the excluded ones; undefined when there is none. */
  pick(context: RequestContext, excluded: ReadonlySet<ServiceTarget> | undefined): ServiceTarget | undefined;
  /** Takes a place for a call; false when the service has enough to do. */
  enter(): boolean;
  leave(): void;
  /** An attempt at a target begins, and ends when its answer is complete. */
  begin(target: ServiceTarget): void;
  end(target: ServiceTarget): void;
  /** How an attempt went, and how long it took to the response head. */
  note(target: ServiceTarget, outcome: AttemptOutcome, status: number, tookMs: number): void;
  close(): void;
}

export const serviceKind: Kind<Service> = { name: 'service', close: (service) => service.close() };

/** A target and its connections outlive a change of the service around it. */
const targetKind: Kind<ServiceTarget> = { name: 'target', close: (target) => target.transport.transport.close() };

/** Calls that one service may have under way at once; more are refused with 503. */
const MAX_IN_FLIGHT = 10_000;

/** `specs`: the targets that the file names. Everything that a snapshot gets comes from the pool, and so does this. */
export function createService(
  name: string,
  options: ServiceOptions,
  pool: Pool,
  onAttempt: (outcome: AttemptOutcome) => void,
): Service {
  const source = createSource(options);
  const lease = pool.lease();
  const balancer = createBalancer(options.balance ?? defaultBalance(source.specs));
  const retries = new RetryBudget();
  let targets: readonly ServiceTarget[] = [];
  let inFlight = 0;

  const keyOf = (url: string): string => JSON.stringify([name, url, options.tls]);

  function update(specs: readonly TargetSpec[]): void {
    targets = reconcileTargets(
      targets,
      specs,
      (spec) => useTarget(lease, keyOf(spec.url), spec, options),
      (target) => lease.drop(targetKind, keyOf(target.url)),
    );
  }
  update(source.specs);
  source.subscribe(update);

  return {
    name,
    get targets() {
      return targets;
    },
    get inFlight() {
      return inFlight;
    },
    retries,
    pick(context, excluded) {
      if (targets.length === 1 && excluded === undefined) return targets[0];
      const usable = excluded === undefined ? targets : targets.filter((target) => !excluded.has(target));
      return balancer.pick(usable, context) as ServiceTarget | undefined;
    },
    enter() {
      if (inFlight >= MAX_IN_FLIGHT) return false;
      inFlight += 1;
      return true;
    },
    leave() {
      inFlight -= 1;
    },
    begin(target) {
      target.inFlight += 1;
    },
    end(target) {
      target.inFlight -= 1;
    },
    note(target, outcome, _status, tookMs) {
      onAttempt(outcome);
      if (outcome === 'ok') target.observe(tookMs, performance.now());
    },
    close() {
      source.close();
      lease.release();
    },
  };
}

function createSource(options: ServiceOptions): TargetSource {
  return createStaticTargets(options.targets ?? []);
}

function useTarget(lease: Lease, key: string, spec: TargetSpec, options: ServiceOptions): ServiceTarget {
  return lease.use(targetKind, key, () => {
    const url = new URL(spec.url);
    const transport = createTransport(url.origin, options.tls === undefined ? {} : { tls: options.tls });
    return new Target<TargetLink>(spec, { transport, url });
  });
}
