import { isDeepStrictEqual } from 'node:util';
import type { Call } from '../deps.ts';
import type { Kind } from '../pool.ts';
import { Bulkhead, type BulkheadOptions } from './bulkhead.ts';
import { type ActiveChecks, type HealthCheckOptions, startActiveChecks } from './health/active.ts';
import { createProbe } from './health/probe.ts';
import { RetryBudget } from './retry-budget.ts';
import type { ServiceReport } from './service-report.ts';
import type { Target } from './target.ts';

/** A service as one wording of its options makes it. */
export interface Edition {
  readonly bulkheadOptions: BulkheadOptions;
  readonly healthCheck: HealthCheckOptions | undefined;
  readonly targets: readonly Target[];
  /** Gives the targets the weights of this edition: editions of one service share them. */
  applyWeights(): void;
  report(nowMs: number): ServiceReport;
}

/**
 * What of a service outlives every edit of it: its places, its retry budget, its health checks.
 *
 * While requests of before an edit are under way there are two editions or more. The one that came into force last
 * decides for all; when it is let go (its file was refused, say) the one before it does again.
 */
export class ServiceLife {
  readonly bulkhead = new Bulkhead();
  readonly retries = new RetryBudget();
  readonly #editions: Edition[] = [];
  readonly #call: Call;
  readonly #onHealth: (target: Target) => void;
  #checks: ActiveChecks | undefined;
  #checked: HealthCheckOptions | undefined;

  /** `onHealth` is told of a target that its checks have found up or down. */
  constructor(call: Call, onHealth: (target: Target) => void) {
    this.#call = call;
    this.#onHealth = onHealth;
  }

  /** The edition in force; undefined before the first and after the last. */
  get edition(): Edition | undefined {
    return this.#editions.at(-1);
  }

  /** An edition comes into force, for the first time or again. */
  enter(edition: Edition): void {
    if (this.edition === edition) return;
    this.#remove(edition);
    this.#editions.push(edition);
    this.#follow(edition);
  }

  leave(edition: Edition): void {
    const wasInForce = this.edition === edition;
    this.#remove(edition);
    if (wasInForce && this.edition !== undefined) this.#follow(this.edition);
  }

  /** The list of targets of an edition has changed. */
  update(edition: Edition): void {
    if (this.edition === edition) this.#checks?.update(edition.targets);
  }

  close(): void {
    this.#checks?.close();
  }

  #remove(edition: Edition): void {
    const index = this.#editions.indexOf(edition);
    if (index !== -1) this.#editions.splice(index, 1);
  }

  #follow(edition: Edition): void {
    this.bulkhead.configure(edition.bulkheadOptions);
    edition.applyWeights();
    if (isDeepStrictEqual(this.#checked, edition.healthCheck)) this.#checks?.update(edition.targets);
    else this.#check(edition);
  }

  #check({ healthCheck, targets }: Edition): void {
    this.#checks?.close();
    this.#checked = healthCheck;
    if (healthCheck === undefined) {
      this.#checks = undefined;
      // Nobody is left who could find them up again.
      for (const target of targets) target.activeHealth = 'unknown';
      return;
    }
    const onChange = this.#onHealth;
    this.#checks = startActiveChecks(targets, healthCheck, createProbe(healthCheck, this.#call), { onChange });
  }
}

/** Keyed by what a service is called: its name, or the addresses and the route that they stand in. */
export const serviceLifeKind: Kind<ServiceLife> = { name: 'service life', close: (life) => life.close() };
