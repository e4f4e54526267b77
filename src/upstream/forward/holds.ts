import type { BreakerCall } from '../breaker.ts';
import type { Service, ServiceTarget } from '../service.ts';

/**
 * What one request holds at its service: a place in the bulkhead, the breaker's leave, a target that counts it, a
 * retry of the budget. Each is given back once, whoever is first to ask for it.
 */
export class Holds {
  readonly #service: Service;
  #call: BreakerCall | undefined;
  #target: ServiceTarget | undefined;
  #isRetrying = false;

  /** The place in the bulkhead is taken already. */
  constructor(service: Service, call: BreakerCall) {
    this.#service = service;
    this.#call = call;
  }

  /** A target begins to work for the request. */
  begin(target: ServiceTarget): void {
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

  /** The breaker learns how the request went, once; `abandon` decides nothing. */
  judge(verdict: 'succeed' | 'fail' | 'abandon'): void {
    this.#call?.[verdict]();
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
    this.endRetry();
    this.endTarget();
    this.judge('abandon');
    this.#service.bulkhead.leave();
  }
}
