import type { TargetSpec } from '../target.ts';
import type { SourceState } from './source.ts';

/** How long the last targets are kept when discovery suddenly knows of none. */
export const DEFAULT_EMPTY_GRACE_MS = 60_000;

/** More targets than this are cut off: an answer may lie. */
export const MAX_TARGETS = 1_000;

/** What discovery said last, kept over its failures, and for a while when it has become empty. */
export interface HeldSpecs {
  readonly specs: readonly TargetSpec[];
  readonly state: SourceState;
  /** Settles with the first answer or failure; never rejects. */
  readonly ready: Promise<void>;
  /** Calls back on each change until the function returned is called. */
  subscribe(listener: (specs: readonly TargetSpec[]) => void): () => void;
  /** A good answer, an empty one included. */
  accept(specs: readonly TargetSpec[]): void;
  /** No answer, or none that can be used. */
  fail(): void;
  close(): void;
}

export function createHeldSpecs(emptyGraceMs = DEFAULT_EMPTY_GRACE_MS): HeldSpecs {
  let specs: readonly TargetSpec[] = [];
  let isStale = false;
  let emptyTimer: NodeJS.Timeout | undefined;
  const listeners = new Set<(specs: readonly TargetSpec[]) => void>();
  const { promise: ready, resolve: becomeReady } = Promise.withResolvers<void>();

  function apply(next: readonly TargetSpec[]): void {
    if (isSame(specs, next)) return;
    specs = next;
    for (const listener of listeners) listener(next);
  }
  function stopEmptyTimer(): void {
    clearTimeout(emptyTimer);
    emptyTimer = undefined;
  }

  return {
    get specs() {
      return specs;
    },
    get state() {
      if (specs.length === 0) return 'empty';
      return isStale || emptyTimer !== undefined ? 'stale' : 'ok';
    },
    ready,
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    accept(answer) {
      isStale = false;
      becomeReady();
      if (answer.length > 0) {
        stopEmptyTimer();
        apply([...answer].sort(byUrl).slice(0, MAX_TARGETS));
      } else if (specs.length > 0 && emptyTimer === undefined) {
        emptyTimer = setTimeout(() => {
          emptyTimer = undefined;
          apply([]);
        }, emptyGraceMs);
        emptyTimer.unref();
      }
    },
    fail() {
      isStale = true;
      becomeReady();
      // Whoever can't answer now may have been wrong before: the next empty answer begins the grace anew.
      stopEmptyTimer();
    },
    close() {
      stopEmptyTimer();
      listeners.clear();
      becomeReady();
    },
  };
}

const byUrl = (one: TargetSpec, other: TargetSpec): number => (one.url < other.url ? -1 : one.url > other.url ? 1 : 0);

function isSame(one: readonly TargetSpec[], other: readonly TargetSpec[]): boolean {
  return (
    one.length === other.length &&
    one.every((spec, index) => spec.url === other[index]?.url && spec.weight === other[index]?.weight)
  );
}
