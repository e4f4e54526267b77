import type { Reloader, ReloadResult } from './reload.ts';

/** So many reloads are looked back on. */
const KEPT = 20;
/** Of each, so many changes and faults: a file may have thousands. */
const KEPT_LINES = 20;

/** A reload that is over, and the start as the first of them. */
export interface PastReload extends ReloadResult {
  readonly tookMs: number;
  /** How many more changes and faults there were than are kept. */
  readonly left: number;
}

/** A reloader that knows what it has done. */
export interface RememberingReloader extends Reloader {
  /** The last 20 with the start, the newest first. */
  readonly history: readonly PastReload[];
}

/** Keeps what came of the reloads. `startedAt`: the ISO time of the start, which took `startMs`. */
export function rememberReloads(reloader: Reloader, startedAt: string, startMs: number): RememberingReloader {
  const history = new ReloadHistory();
  history.add({ result: 'applied', at: startedAt, by: 'start', changes: [], faults: [] }, startMs);
  let freeAtMs = 0;
  return {
    get last() {
      return reloader.last;
    },
    get history() {
      return history.list;
    },
    async reload(by, isForced) {
      const askedAtMs = performance.now();
      const outcome = await reloader.reload(by, isForced);
      // One that had to wait for another began when that was over.
      const beganAtMs = Math.max(askedAtMs, freeAtMs);
      freeAtMs = performance.now();
      history.add(outcome, freeAtMs - beganAtMs);
      return outcome;
    },
    close: () => reloader.close(),
  };
}

/** The last reloads, the newest first. */
class ReloadHistory {
  #list: readonly PastReload[] = [];

  get list(): readonly PastReload[] {
    return this.#list;
  }

  add(result: ReloadResult, tookMs: number): void {
    const changes = result.changes.slice(0, KEPT_LINES);
    const faults = result.faults.slice(0, KEPT_LINES);
    const left = result.changes.length - changes.length + result.faults.length - faults.length;
    this.#list = [{ ...result, changes, faults, left, tookMs }, ...this.#list].slice(0, KEPT);
  }
}
