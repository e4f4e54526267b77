import { monitorEventLoopDelay } from 'node:perf_hooks';
import { MINUTE_STEPS } from './axis.ts';
import { roundTo } from './history.ts';
import type { LoopReport } from './report.ts';

/** How often Node looks; the time that this takes is in its values (Node 26). */
const RESOLUTION_MS = 20;
const NANOSECONDS = 1e6;

/** How late the event loop was in the last minute. */
export class LoopDelay {
  readonly #histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  readonly #steps: LoopReport[] = [];

  constructor() {
    this.#histogram.enable();
  }

  step(): void {
    const { count, mean, max } = this.#histogram;
    const p99 = this.#histogram.percentile(99);
    this.#histogram.reset();
    if (count > 0) this.#steps.push({ meanMs: delayMs(mean), p99Ms: delayMs(p99), maxMs: delayMs(max) });
    if (this.#steps.length > MINUTE_STEPS) this.#steps.shift();
  }

  /** The mean of the steps, and the worst of their p99 and maxima. */
  report(): LoopReport {
    const sum = this.#steps.reduce((total, { meanMs }) => total + meanMs, 0);
    return {
      meanMs: this.#steps.length === 0 ? 0 : roundTo(sum / this.#steps.length, 100),
      p99Ms: Math.max(0, ...this.#steps.map(({ p99Ms }) => p99Ms)),
      maxMs: Math.max(0, ...this.#steps.map(({ maxMs }) => maxMs)),
    };
  }

  close(): void {
    this.#histogram.disable();
  }
}

const delayMs = (nanoseconds: number): number => roundTo(Math.max(0, nanoseconds / NANOSECONDS - RESOLUTION_MS), 100);
