import type { BreakerState } from './breaker.ts';
import type { SourceState } from './discovery/source.ts';
import { isOut } from './health/passive.ts';
import type { ActiveHealth, Target } from './target.ts';
import type { TargetFailure } from './target-failure.ts';

/** How a service is doing: the one description that health, state, metrics and the dashboard read. */
export interface ServiceReport {
  /** In logs and metrics; of a service that a route names by address alone, the address. */
  readonly name: string;
  /** For clients: the name in `services`, or that of the route. Undefined where no route answers by it (a mirror's). */
  readonly outsideName: string | undefined;
  readonly circuit: BreakerState;
  readonly discovery: SourceState;
  /** Calls under way, and calls that wait for a place. */
  readonly inFlight: number;
  readonly waiting: number;
  readonly targets: readonly TargetReport[];
}

export interface TargetReport {
  readonly url: string;
  readonly weight: number;
  readonly inFlight: number;
  /** Moving average of the time to the response head; 0 while nothing is known. */
  readonly latencyMs: number;
  /** What active checks say. */
  readonly health: ActiveHealth;
  readonly isEjected: boolean;
  /** Until an ejected target gets its trial call; 0 when it is not ejected, or its trial is due. */
  readonly ejectedForMs: number;
  /** True while it is given requests, as far as its health goes. */
  readonly isHealthy: boolean;
  /** `trial`: it was out, and its next request, or the one under way, decides whether it is in again. */
  readonly state: 'in' | 'trial' | 'out';
  readonly lastFailure: TargetFailure | undefined;
}

/** Describes a target, and changes nothing. `nowMs` is on the `performance.now()` scale. */
export function reportTarget(target: Target, nowMs: number): TargetReport {
  const { url, weight, inFlight, latencyMs, activeHealth, isEjected, ejectedUntilMs } = target;
  return {
    url,
    weight,
    inFlight,
    latencyMs,
    health: activeHealth,
    isEjected,
    ejectedForMs: isEjected ? Math.max(0, ejectedUntilMs - nowMs) : 0,
    isHealthy: !isOut(target, nowMs),
    state: stateOf(target, nowMs),
    lastFailure: target.failures.last(nowMs),
  };
}

function stateOf({ activeHealth, isEjected, ejectedUntilMs }: Target, nowMs: number): TargetReport['state'] {
  if (activeHealth === 'down') return 'out';
  if (!isEjected) return 'in';
  return nowMs < ejectedUntilMs ? 'out' : 'trial';
}
