import CircuitBreaker from 'opossum';
import { z } from 'zod';
import type { AttemptOutcome } from '../facts.ts';
import { duration } from '../schema-values.ts';
import { FailureOutcomes } from './failure-outcomes.ts';
import { Verdict } from './verdict.ts';

/**
 * The circuit breaker of one service, on opossum's public API.
 *
 * opossum would count a caller's abort, a late answer and a refused trial as what they are not, so every call gets a
 * verdict of its own that is settled only while it still speaks about the state it began in (its epoch).
 */
export const breakerSchema = z.strictObject({
  errorThresholdPercent: z
    .number()
    .min(1)
    .max(99)
    .default(50)
    .describe('Opens when more than this share of calls failed in the window.'),
  minimumRequests: z
    .int()
    .min(1)
    .max(100_000)
    .default(5)
    .describe('Never opens on fewer calls than this in the window.'),
  window: duration({ min: '1s', max: '10m' }).prefault('10s').describe('How long a call counts.'),
  openFor: duration({ min: '100ms', max: '10m' })
    .prefault('10s')
    .describe('How long it stays open the first time; doubles with each failed trial.'),
  maxOpenFor: duration({ min: '100ms', max: '1h' }).prefault('2m').describe('Where doubling ends.'),
});

export type BreakerOptions = z.output<typeof breakerSchema>;
export type BreakerState = 'closed' | 'half-open' | 'open';

/** What an operator may say of a circuit: keep it open, close it now, or leave it to itself. */
export type BreakerOrder = 'open' | 'closed' | 'auto';

/**
 * How one call ended, told once. A call that nobody judged (a client abort) is abandoned: it decides nothing. So may be
 * one that has succeeded, when its answer breaks off after all: then it counts as none, and its failure as another.
 */
export interface BreakerCall {
  /** Whether the half-open circuit waits for it. */
  readonly isTrial: boolean;
  succeed(): void;
  /** How is kept, for whoever asks what has opened the circuit. */
  fail(outcome?: AttemptOutcome): void;
  abandon(): void;
}

export interface Breaker {
  readonly name: string;
  readonly state: BreakerState;
  /** Since when, by the clock of `performance.now()`. */
  readonly changedAtMs: number;
  /** True while an operator holds it open. */
  readonly isForced: boolean;
  /** Calls and failures in the window. */
  readonly counts: { readonly calls: number; readonly failures: number };
  /** Why it does not let everybody through, since when; undefined while closed. Failed trials are not counted in. */
  readonly opened: Opening | undefined;
  /** Whole seconds until the next trial, at least 1; of one that is held open, for as long as it opens first. */
  readonly retryAfterSeconds: number;
  /** True when a call would be let through now; changes nothing. */
  readonly isAllowing: boolean;
  /** Begins a call, or returns undefined: open, or a trial is under way. */
  begin(): BreakerCall | undefined;
  /** An operator holds it open, closes it now (with nothing counted against it), or gives it back to itself. */
  force(order: BreakerOrder): void;
  /** Stops its timers. */
  readonly close: () => void;
}

/** A breaker that nobody holds. */
export interface OwnBreaker extends Omit<Breaker, 'changedAtMs' | 'isForced' | 'force'> {
  readonly openForSeconds: number;
  /** Calls that are under way decide nothing any more, and what was counted is forgotten. */
  closeNow(): void;
}

/** What opened a circuit: the calls of its window, and how many of them had failed. */
export interface Opening {
  /** By the clock of `performance.now()`. */
  readonly atMs: number;
  readonly calls: number;
  readonly failures: number;
  /** How they failed, the most frequent first. */
  readonly outcomes: Readonly<Record<string, number>>;
}

// What the types of opossum leave out.
interface Circuit extends Omit<CircuitBreaker<[Verdict], void>, 'status' | 'options'> {
  readonly pendingClose: boolean;
  readonly options: { resetTimeout: number };
  readonly status: {
    readonly window: { fires: number; failures: number }[];
    readonly stats: { fires: number; failures: number };
  };
}

/** A trial that was aborted is given to the next caller after this. */
const NEXT_TRIAL_MS = 20;
const BUCKETS = 10;

function createCircuit(name: string, options: BreakerOptions): Circuit {
  return new CircuitBreaker<[Verdict], void>((verdict) => verdict.promise, {
    name,
    timeout: false,
    errorThresholdPercentage: options.errorThresholdPercent,
    volumeThreshold: options.minimumRequests,
    resetTimeout: options.openFor,
    rollingCountTimeout: options.window,
    rollingCountBuckets: BUCKETS,
    rollingPercentilesEnabled: false,
    enableSnapshots: false,
  }) as unknown as Circuit;
}

export function createBreaker(
  name: string,
  options: BreakerOptions,
  onChange: (state: BreakerState) => void,
): OwnBreaker {
  const circuit = createCircuit(name, options);
  let epoch = 0;
  let reopening = false;
  let trialAtMs = 0;
  let opened: Opening | undefined;
  const now = (): number => epoch;
  const outcomes = new FailureOutcomes(() => circuit.status.window);

  circuit.on('open', () => {
    epoch += 1;
    trialAtMs = performance.now() + circuit.options.resetTimeout;
    const { fires: calls, failures } = circuit.status.stats;
    opened ??= { atMs: performance.now(), calls, failures, outcomes: outcomes.sum() };
    if (!reopening) onChange('open');
  });
  circuit.on('halfOpen', () => {
    epoch += 1;
    circuit.options.resetTimeout = Math.min(circuit.options.resetTimeout * 2, options.maxOpenFor);
    if (!reopening) onChange('half-open');
    reopening = false;
  });
  circuit.on('close', () => {
    epoch += 1;
    circuit.options.resetTimeout = options.openFor;
    opened = undefined;
    onChange('closed');
  });

  /** Half-open again in a moment, with nothing decided and nothing doubled. */
  function yieldTrial(): void {
    const { resetTimeout } = circuit.options;
    reopening = true;
    circuit.options.resetTimeout = NEXT_TRIAL_MS;
    circuit.open();
    // 'halfOpen' doubles what it finds: leave it half of what should stand then.
    circuit.options.resetTimeout = resetTimeout / 2;
  }

  const isAllowing = (): boolean => !circuit.opened && (!circuit.halfOpen || circuit.pendingClose);

  return {
    name,
    get state() {
      if (circuit.closed) return 'closed';
      return circuit.halfOpen || reopening ? 'half-open' : 'open';
    },
    get counts() {
      const { fires, failures } = circuit.status.stats;
      return { calls: fires, failures };
    },
    get opened() {
      return opened;
    },
    get retryAfterSeconds() {
      return Math.max(1, Math.ceil((trialAtMs - performance.now()) / 1000));
    },
    get isAllowing() {
      return isAllowing();
    },
    begin() {
      if (!isAllowing()) return undefined;
      const isTrial = circuit.halfOpen;
      // The part of the window that this call is counted in: it may have moved on when the call ends.
      const [bucket] = circuit.status.window;
      const verdict = new Verdict(isTrial, now, outcomes.note, (stillCurrent) => {
        if (isTrial && stillCurrent) yieldTrial();
        else if (bucket !== undefined && bucket.fires > 0) bucket.fires -= 1;
      });
      circuit.fire(verdict).catch(ignore);
      return verdict;
    },
    openForSeconds: Math.ceil(options.openFor / 1000),
    closeNow() {
      epoch += 1;
      reopening = false;
      forgetCalls(circuit, outcomes);
      circuit.close();
    },
    close: () => circuit.shutdown(),
  };
}

function forgetCalls({ status }: Circuit, outcomes: FailureOutcomes): void {
  outcomes.forget();
  for (const bucket of status.window) {
    bucket.fires = 0;
    bucket.failures = 0;
  }
}

/** opossum rejects what it has already counted. */
function ignore(): void {}
