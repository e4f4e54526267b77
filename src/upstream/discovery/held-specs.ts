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
  accept(specs: readonly TargetSpec[], hasForgotten?: boolean): void;
  /** No answer, or none that can be used. */
  fail(): void;
  close(): void;
}

export function createHeldSpecs(emptyGraceMs = DEFAULT_EMPTY_GRACE_MS): HeldSpecs {
  /** What the last answer named. */
  let named: readonly TargetSpec[] = [];
  let specs: readonly TargetSpec[] = [];
  let isStale = false;
  const listeners = new Set<(specs: readonly TargetSpec[]) => void>();
  const { promise: ready, resolve: becomeReady } = Promise.withResolvers<void>();
  const graced = createGrace(emptyGraceMs, apply);

  function apply(): void {
    const next = [...named, ...graced.specs].slice(0, MAX_TARGETS).sort(byUrl);
    if (isSame(specs, next)) return;
    specs = next;
    for (const listener of listeners) listener(next);
  }

  return {
    get specs() {
      return specs;
    },
    get state() {
      if (specs.length === 0) return 'empty';
      return isStale || graced.specs.length > 0 ? 'stale' : 'ok';
    },
    ready,
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    accept(answer, hasForgotten = false) {
      isStale = false;
      becomeReady();
      // A Consul that has lost everything hears of instances one by one: the first must not get all traffic at once.
      graced.keep(answer.length === 0 || hasForgotten ? specs : graced.specs, answer);
      named = [...answer].sort(byUrl);
      apply();
    },
    fail() {
      isStale = true;
      becomeReady();
      // Whoever can't answer now may have been wrong before: the next answer begins the grace anew.
      graced.pause();
    },
    close() {
      graced.pause();
      listeners.clear();
      becomeReady();
    },
  };
}

/** Targets that are kept for a while though they are no longer named, since all were gone at once. */
interface Grace {
  readonly specs: readonly TargetSpec[];
  /** Keeps these, but for those that `answer` names again. */
  keep(specs: readonly TargetSpec[], answer: readonly TargetSpec[]): void;
  /** Stops the clocks; they start anew with the next `keep`. */
  pause(): void;
}

function createGrace(graceMs: number, onEnd: () => void): Grace {
  const kept = new Map<string, { readonly spec: TargetSpec; timer: NodeJS.Timeout | undefined }>();

  /** Starts the clock of all whose clock stands still: they go together. */
  function start(): void {
    const entries = [...kept].filter(([, { timer }]) => timer === undefined);
    if (entries.length === 0) return;
    const timer = setTimeout(() => {
      for (const [url, entry] of entries) if (kept.get(url) === entry) kept.delete(url);
      onEnd();
    }, graceMs).unref();
    for (const [, entry] of entries) entry.timer = timer;
  }

  return {
    get specs() {
      return [...kept.values()].map(({ spec }) => spec);
    },
    keep(specs, answer) {
      for (const spec of specs) if (!kept.has(spec.url)) kept.set(spec.url, { spec, timer: undefined });
      for (const { url } of answer) kept.delete(url);
      start();
    },
    pause() {
      for (const entry of kept.values()) {
        clearTimeout(entry.timer);
        entry.timer = undefined;
      }
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
