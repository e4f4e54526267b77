import type { Clock } from '../lib/clock.ts';
import { type KeptAnswer, weightOf } from './kept-answer.ts';
import type { Begun, Claim, Ending, KeyStore } from './store.ts';

/** More keys at once are refused: to forget one that still holds would be to break its promise. */
const MAX_KEYS = 100_000;
/** Of kept answers. The oldest are given up first; of their keys it is still known that they are used. */
const MAX_BYTES = 64 * 1024 * 1024;
const SWEEP_MS = 10_000;
/** Where there is no room, what has expired is looked for more often. */
const FULL_SWEEP_MS = 1000;
const FULL_AGAIN_MS = 60_000;

interface Entry {
  readonly fingerprint: string;
  owner: string;
  state: 'running' | Exclude<Ending['state'], 'free'>;
  answer: KeptAnswer | undefined;
  /** Until when a lost one is closed to all (epoch ms). */
  closedUntilMs: number;
  /** When it is forgotten (epoch ms). */
  expiresAtMs: number;
}

export interface MemoryBounds {
  readonly maxKeys: number;
  readonly maxBytes: number;
}

/** The keys of one process, which forgets them when it ends. */
export class MemoryStore implements KeyStore {
  readonly #clock: Clock;
  readonly #bounds: MemoryBounds;
  readonly #entries = new Map<string, Entry>();
  /** Those with an answer, the oldest first. */
  readonly #answered = new Set<Entry>();
  #bytes = 0;
  #sweptAtMs = 0;

  constructor(clock: Clock, bounds: MemoryBounds = { maxKeys: MAX_KEYS, maxBytes: MAX_BYTES }) {
    this.#clock = clock;
    this.#bounds = bounds;
  }

  /** Keys that are remembered. */
  get size(): number {
    return this.#entries.size;
  }

  /** What the kept answers take. */
  get bytes(): number {
    return this.#bytes;
  }

  begin(claim: Claim): Begun {
    const nowMs = this.#clock.now();
    this.#sweep(nowMs, SWEEP_MS);
    const entry = this.#entries.get(claim.id);
    if (entry === undefined || entry.expiresAtMs <= nowMs) return this.#beginNew(claim, entry, nowMs);
    if (entry.fingerprint !== claim.fingerprint) return { state: 'mismatch' };
    if (entry.state === 'answered' && entry.answer !== undefined) return { state: 'answered', answer: entry.answer };
    if (entry.state === 'running') return { state: 'running' };
    if (entry.state !== 'lost') return { state: 'spent' };
    if (!claim.retriesLost) return { state: 'lost', againMs: undefined };
    if (entry.closedUntilMs > nowMs) return { state: 'lost', againMs: entry.closedUntilMs - nowMs };
    entry.owner = claim.owner;
    entry.state = 'running';
    entry.expiresAtMs = Number.POSITIVE_INFINITY;
    return { state: 'begun' };
  }

  finish({ id, owner, ttlMs, leaseMs }: Claim, ending: Ending): void {
    const entry = this.#entries.get(id);
    if (entry === undefined || entry.owner !== owner || entry.state !== 'running') return;
    if (ending.state === 'free') {
      this.#entries.delete(id);
      return;
    }
    const nowMs = this.#clock.now();
    entry.state = ending.state;
    entry.closedUntilMs = nowMs + leaseMs;
    entry.expiresAtMs = nowMs + Math.max(ttlMs, ending.state === 'lost' ? leaseMs : 0);
    if (ending.state === 'answered') this.#keep(entry, ending.answer);
  }

  close(): void {
    this.#entries.clear();
    this.#answered.clear();
    this.#bytes = 0;
  }

  #beginNew({ id, owner, fingerprint }: Claim, expired: Entry | undefined, nowMs: number): Begun {
    if (expired !== undefined) this.#forget(id, expired);
    if (this.#entries.size >= this.#bounds.maxKeys) this.#sweep(nowMs, FULL_SWEEP_MS);
    if (this.#entries.size >= this.#bounds.maxKeys)
      return { state: 'closed', againMs: FULL_AGAIN_MS, why: 'There is no room for another key.' };
    this.#entries.set(id, {
      fingerprint,
      owner,
      state: 'running',
      answer: undefined,
      closedUntilMs: 0,
      expiresAtMs: Number.POSITIVE_INFINITY,
    });
    return { state: 'begun' };
  }

  #keep(entry: Entry, answer: KeptAnswer): void {
    entry.answer = answer;
    this.#answered.add(entry);
    this.#bytes += weightOf(answer);
    for (const oldest of this.#answered) {
      if (this.#bytes <= this.#bounds.maxBytes) return;
      this.#dropAnswer(oldest);
    }
  }

  #dropAnswer(entry: Entry): void {
    if (entry.answer === undefined) return;
    this.#bytes -= weightOf(entry.answer);
    entry.answer = undefined;
    this.#answered.delete(entry);
  }

  #forget(id: string, entry: Entry): void {
    this.#dropAnswer(entry);
    this.#entries.delete(id);
  }

  /** Forgets what has expired, where the last time is so long ago. */
  #sweep(nowMs: number, everyMs: number): void {
    if (nowMs - this.#sweptAtMs < everyMs) return;
    this.#sweptAtMs = nowMs;
    for (const [id, entry] of this.#entries) if (entry.expiresAtMs <= nowMs) this.#forget(id, entry);
  }
}
