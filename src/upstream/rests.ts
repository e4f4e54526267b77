import type { Kind } from '../pool.ts';

/** No service is left alone for longer, whatever it asks for. */
const MAX_REST_MS = 5 * 60 * 1000;

/**
 * Services that have asked to be left alone for a while, by name; through all snapshots, and for all routes that may ask
 * another one instead. In this process alone.
 */
export class Rests {
  readonly #untilMs = new Map<string, number>();

  begin(service: string, forMs: number, nowMs = performance.now()): void {
    const untilMs = nowMs + Math.min(forMs, MAX_REST_MS);
    if (untilMs > (this.#untilMs.get(service) ?? nowMs)) this.#untilMs.set(service, untilMs);
  }

  /** Milliseconds that are left of it; 0 for none. */
  leftMs(service: string, nowMs = performance.now()): number {
    const untilMs = this.#untilMs.get(service);
    if (untilMs === undefined) return 0;
    if (untilMs > nowMs) return untilMs - nowMs;
    this.#untilMs.delete(service);
    return 0;
  }
}

export const restsKind: Kind<Rests> = { name: 'rests', close() {} };
