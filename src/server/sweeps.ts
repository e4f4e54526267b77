import type { Deps } from '../deps.ts';
import type { Gateway } from '../gateway.ts';
import { UploadRate } from './upload-rate.ts';
import { Watchdog } from './watchdog.ts';

/** What looks after all requests in flight from time to time, so that none of them needs a timer of its own. */
export interface Sweeps {
  /** Looks through them once; `nowMs` is on the scale of `performance.now()`. */
  sweep(nowMs: number): void;
  stop(): void;
}

const SWEEP_MS = 2_000;

export function createSweeps({ open, fail, end }: Gateway, { log, metrics }: Deps): Sweeps {
  const watchdog = new Watchdog({ open, fail, end, log, count: metrics.watchdogEnded });

  const uploads = new UploadRate(open, fail);

  function sweep(nowMs: number): void {
    uploads.sweep();
    watchdog.sweep(nowMs);
  }

  const timer = setInterval(() => sweep(performance.now()), SWEEP_MS);
  timer.unref();
  return { sweep, stop: () => clearInterval(timer) };
}
