import { setTimeout as wait } from 'node:timers/promises';
import { backoffMs } from '../../lib/backoff.ts';
import type { TargetSpec } from '../target.ts';
import type { DiscoveryDeps } from './deps.ts';
import { createHeldSpecs, type HeldSpecs } from './held-specs.ts';
import type { TargetSource } from './source.ts';

/** What asks once, again and again. */
export interface Questions {
  /** For the log: `consul: orders`. */
  readonly label: string;
  /** One question. Rejects when there is no answer that can be used. */
  ask(signal: AbortSignal): Promise<DiscoveryAnswer>;
  /** The longest pause after this failure; it doubles up to there. */
  longestPauseMs(error: unknown): number;
  /** Lets go of what the questions were asked over, and of one under way. */
  close(): void;
}

export interface DiscoveryAnswer {
  readonly specs: readonly TargetSpec[];
  /** Until the next question; may be negative. */
  readonly pauseMs: number;
  /** True when whoever answers has begun anew, and may not know of all that there is. */
  readonly hasForgotten?: boolean;
}

/** Asks from now until closed. The last good answer stands while there is no other. */
export function followDiscovery(questions: Questions, deps: DiscoveryDeps): TargetSource {
  const held = createHeldSpecs(deps.emptyGraceMs);
  const controller = new AbortController();
  void follow(questions, held, deps, controller.signal);
  return {
    get specs() {
      return held.specs;
    },
    get state() {
      return held.state;
    },
    ready: held.ready,
    subscribe: held.subscribe,
    close() {
      held.close();
      controller.abort();
      questions.close();
    },
  };
}

async function follow(questions: Questions, held: HeldSpecs, deps: DiscoveryDeps, signal: AbortSignal): Promise<void> {
  const { log, random = Math.random } = deps;
  let failures = 0;
  let lastLongestMs = 0;

  async function askOnce(): Promise<number> {
    const { specs, pauseMs, hasForgotten } = await questions.ask(signal);
    if (!signal.aborted) held.accept(specs, hasForgotten);
    if (failures > 0) log.info(`${questions.label}: answers again`);
    failures = 0;
    return pauseMs;
  }
  function fail(error: unknown): number {
    if (signal.aborted) return 0;
    held.fail();
    if (failures === 0) log.warn(`${questions.label}: ${messageOf(error)}; its last targets are kept`);
    // Another kind of failure is counted anew: who refused for long and now answers "no leader yet" is nearly there.
    const longestMs = questions.longestPauseMs(error);
    failures = longestMs === lastLongestMs ? failures + 1 : 1;
    lastLongestMs = longestMs;
    return backoffMs(failures, longestMs, random);
  }

  while (!signal.aborted) {
    const pauseMs = await askOnce().catch(fail);
    // Rejects only when closed, and then the loop ends.
    if (pauseMs > 0) await wait(pauseMs, undefined, { signal, ref: false }).catch(() => undefined);
  }
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return 'no answer';
  // An error over several addresses (IPv4 and IPv6 of "localhost") has a code and no message.
  return error.message === '' && 'code' in error ? String(error.code) : error.message;
}
