import type { RequestBody } from '../../body/request-body.ts';
import type { AttemptOutcome } from '../../facts.ts';
import type { Breaker, BreakerCall } from '../breaker.ts';
import type { Service } from '../service.ts';
import type { Target } from '../target.ts';
import type { ForwardPlan } from './plan.ts';

/** A half-open circuit waits no longer for an upload than this: a client that sends slowly must not keep it shut. */
const TRIAL_UPLOAD_MS = 2_000;

/**
 * What one request holds at its service: a place in the bulkhead, the breaker's leave, a target that counts it, a
 * retry of the budget. Each is given back once, whoever is first to ask for it.
 */
export class Holds {
  readonly #service: Service;
  readonly #breaker: Breaker;
  #call: BreakerCall | undefined;
  /** The call, once its head has counted as a success. */
  #succeeded: BreakerCall | undefined;
  #target: Target | undefined;
  /** The target's failures in a row, as they were before the last attempt was learned from. */
  #failuresBefore = 0;
  #isRetrying = false;
  #trialTimer: NodeJS.Timeout | undefined;

  /** The place in the bulkhead is taken already. */
  constructor(
    { service, breaker }: Pick<ForwardPlan, 'service' | 'breaker'>,
    call: BreakerCall,
    body: Pick<RequestBody, 'isComplete'> | undefined,
  ) {
    this.#service = service;
    this.#breaker = breaker;
    this.#call = call;
    if (call.isTrial && body !== undefined) {
      this.#trialTimer = setTimeout(() => {
        if (!body.isComplete) this.judge('abandon');
      }, TRIAL_UPLOAD_MS);
    }
  }

  /** A target begins to work for the request. */
  begin(target: Target): void {
    this.#target = target;
    this.#service.begin(target);
  }

  endTarget(): void {
    if (this.#target === undefined) return;
    this.#service.end(this.#target);
    this.#target = undefined;
  }

  beginRetry(): void {
    this.#service.retries.take();
    this.#isRetrying = true;
  }

  endRetry(): void {
    if (!this.#isRetrying) return;
    this.#isRetrying = false;
    this.#service.retries.release();
  }

  /** An attempt has ended: its target's health, latency and metrics are told. */
  learn(target: Target, outcome: AttemptOutcome, tookMs: number, cause: unknown): void {
    this.#failuresBefore = target.consecutiveFailures;
    this.#service.note(target, outcome, tookMs, cause);
    this.endRetry();
  }

  /** Its answer broke off after the head, which counted as a success: a failure instead, everywhere. */
  failAfterHead(target: Target, outcome: AttemptOutcome, tookMs: number, cause: unknown): void {
    // Otherwise each head would end the row of such failures.
    target.consecutiveFailures = Math.max(target.consecutiveFailures, this.#failuresBefore);
    this.#service.note(target, outcome, tookMs, cause);
    this.#succeeded?.abandon();
    this.#breaker.begin()?.fail(outcome);
  }

  /** The breaker learns how the request went, once; `abandon` decides nothing. */
  judge(verdict: 'succeed' | 'fail' | 'abandon', outcome?: AttemptOutcome): void {
    if (verdict === 'fail') this.#call?.fail(outcome);
    else this.#call?.[verdict]();
    if (verdict === 'succeed') this.#succeeded = this.#call;
    this.#call = undefined;
  }

  /** Gives everything back but the target, which goes on counting a connection that was upgraded until `close`. */
  letGoButTarget(): { close(): void } {
    const target = this.#target;
    const service = this.#service;
    this.#target = undefined;
    this.letGo();
    return { close: () => target && service.end(target) };
  }

  letGo(): void {
    clearTimeout(this.#trialTimer);
    this.endRetry();
    this.endTarget();
    this.judge('abandon');
    this.#service.bulkhead.leave();
  }
}
