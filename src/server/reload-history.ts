import type { Fault } from '../config/config-error.ts';

/** So many reloads are looked back on. */
const KEPT = 20;
/** Of each, so many changes and faults: a file may have thousands. */
const KEPT_LINES = 20;

/** What came of a reload; told to whoever asked for it, and kept for the admin port. */
export interface ReloadResult {
  readonly result: 'applied' | 'unchanged' | 'refused';
  /** ISO time. */
  readonly at: string;
  /** Who asked: `watch`, `SIGHUP`, `admin`, or the `application` around the gateway. */
  readonly by: string;
  /** What is different now, in words. */
  readonly changes: readonly string[];
  /** Why it was refused. */
  readonly faults: readonly Fault[];
}

/** A reload that is over, and the start as the first of them. */
export interface PastReload extends ReloadResult {
  readonly tookMs: number;
  /** How many more changes and faults there were than are kept. */
  readonly left: number;
}

/** The last reloads, the newest first. */
export class ReloadHistory {
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
