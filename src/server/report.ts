import type { Pool } from '../pool.ts';
import { serviceLifeKind } from '../upstream/service-life.ts';
import type { ServiceReport } from '../upstream/service-report.ts';

/** How a service is doing, without its addresses: this may be shown on the main port. */
export interface PublicReport {
  readonly circuit: ServiceReport['circuit'];
  readonly targets: number;
  readonly healthyTargets: number;
  readonly inFlight: number;
}

/** What every service says of itself, each once, however many editions of it are still at work. */
export function reportServices(pool: Pool): readonly ServiceReport[] {
  const nowMs = performance.now();
  return pool.list(serviceLifeKind).flatMap(({ edition }) => edition?.report(nowMs) ?? []);
}

/** The services that clients may hear of, by the name that they know. */
export function publicReport(services: readonly ServiceReport[]): Record<string, PublicReport> {
  const report: Record<string, PublicReport> = {};
  for (const { outsideName, circuit, targets, inFlight } of services) {
    if (outsideName === undefined) continue;
    report[outsideName] = { circuit, targets: targets.length, healthyTargets: countHealthy(targets), inFlight };
  }
  return report;
}

/** How many of its targets are given requests, for the metrics. */
export function countTargets({ name, targets }: ServiceReport): { service: string; healthy: number; out: number } {
  const healthy = countHealthy(targets);
  return { service: name, healthy, out: targets.length - healthy };
}

function countHealthy(targets: ServiceReport['targets']): number {
  return targets.filter(({ isHealthy }) => isHealthy).length;
}
