import type { Clock } from '../lib/clock.ts';
import { type KeptAnswer, weightOf } from './kept-answer.ts';
import { Shares } from './shares.ts';
import type { Begun, Claim, Ending, KeyStore } from './store.ts';

/** A key takes half a kilobyte, beside its answer. */
const MAX_KEYS = 200_000;
/** Of kept answers. Where there is no room the oldest is given up, and its key is still known to be used. */
const MAX_BYTES = 64 * 1024 * 1024;
/** The part of either that one caller may take. */
const SHARE = 1 / 2;
/**
 * Where there is no room for another key, one that ended so long ago is forgotten, whatever its route promises. A new key
 * is refused rather than that one goes sooner: clients repeat within minutes, and would run again what they did.
 */
const KEPT_AT_LEAST_MS = 3_600_000;
const SWEEP_MS = 30_000;
const FULL_AGAIN_MS = 60_000;

interface Entry {
  readonly id: string;
  readonly fingerprint: string;
  readonly caller: string;
  owner: string;
  state: 'running' | Exclude<Ending['state'], 'free'>;
  answer: KeptAnswer | undefined;
  endedAtMs: number;
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
  readonly #ended = new Shares<Entry>();
  /** Those with an answer, by its bytes. */
  readonly #answered = new Shares<Entry>();
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
    return this.#answered.weight;
  }

  begin(claim: Claim): Begun {
    const nowMs = this.#clock.now();
    this.#sweep(nowMs);
    const entry = this.#entries.get(claim.id);
    const said = judge(entry, claim, nowMs);
    if (said === 'new') return this.#beginNew(claim, entry, nowMs);
    if (said !== 'taken-over') return said;
    const lost = entry as Entry;
    this.#ended.remove(lost);
    lost.owner = claim.owner;
    lost.state = 'running';
    lost.expiresAtMs = Number.POSITIVE_INFINITY;
    return { state: 'begun' };
  }

  peek(claim: Claim): Begun {
    const said = judge(this.#entries.get(claim.id), claim, this.#clock.now());
    return typeof said === 'string' ? { state: 'begun' } : said;
  }

  finish({ id, owner, ttlMs, leaseMs }: Claim, ending: Ending): void {
    const entry = this.#entries.get(id);
    if (entry === undefined || entry.owner !== owner || entry.state !== 'running') return;
    if (ending.state === 'free') {
      this.#forget(entry);
      return;
    }
    const nowMs = this.#clock.now();
    entry.state = ending.state;
    entry.endedAtMs = nowMs;
    entry.closedUntilMs = nowMs + leaseMs;
    entry.expiresAtMs = nowMs + Math.max(ttlMs, ending.state === 'lost' ? leaseMs : 0);
    this.#ended.add(entry, 1);
    if (ending.state === 'answered') this.#keep(entry, ending.answer);
  }

  close(): void {
    this.#entries.clear();
    this.#ended.clear();
    this.#answered.clear();
  }

  #beginNew({ id, caller, owner, fingerprint }: Claim, expired: Entry | undefined, nowMs: number): Begun {
    if (expired !== undefined) this.#forget(expired);
    if (!this.#makeRoom(caller, nowMs))
      return { state: 'closed', againMs: FULL_AGAIN_MS, why: 'There is no room for another key.' };
    this.#entries.set(id, {
      id,
      fingerprint,
      caller,
      owner,
      state: 'running',
      answer: undefined,
      endedAtMs: 0,
      closedUntilMs: 0,
      expiresAtMs: Number.POSITIVE_INFINITY,
    });
    return { state: 'begun' };
  }

  /** Room for one more key of this caller; false where all that could go is too young. */
  #makeRoom(caller: string, nowMs: number): boolean {
    const { maxKeys } = this.#bounds;
    const isShareFull = this.#ended.weightOf(caller) >= maxKeys * SHARE;
    if (!isShareFull && this.#entries.size < maxKeys) return true;
    const oldest = isShareFull ? this.#ended.oldestOf(caller) : this.#ended.oldest();
    if (oldest === undefined || Math.min(oldest.expiresAtMs, oldest.endedAtMs + KEPT_AT_LEAST_MS) > nowMs) return false;
    this.#forget(oldest);
    return true;
  }

  #keep(entry: Entry, answer: KeptAnswer): void {
    const { maxBytes } = this.#bounds;
    const answered = this.#answered;
    entry.answer = answer;
    answered.add(entry, weightOf(answer));
    while (answered.weightOf(entry.caller) > maxBytes * SHARE) this.#dropAnswer(answered.oldestOf(entry.caller));
    while (answered.weight > maxBytes) this.#dropAnswer(answered.oldest());
  }

  #dropAnswer(entry: Entry | undefined): void {
    if (entry === undefined || !this.#answered.remove(entry)) return;
    entry.answer = undefined;
  }

  #forget(entry: Entry): void {
    this.#dropAnswer(entry);
    this.#ended.remove(entry);
    this.#entries.delete(entry.id);
  }

  /** Forgets what has expired, once in a while. */
  #sweep(nowMs: number): void {
    if (nowMs - this.#sweptAtMs < SWEEP_MS) return;
    this.#sweptAtMs = nowMs;
    for (const entry of this.#entries.values()) if (entry.expiresAtMs <= nowMs) this.#forget(entry);
  }
}

/** What a claim finds: `new` and `taken-over` begin. */
function judge(entry: Entry | undefined, claim: Claim, nowMs: number): Begun | 'new' | 'taken-over' {
  if (entry === undefined || entry.expiresAtMs <= nowMs) return 'new';
  if (entry.fingerprint !== claim.fingerprint) return { state: 'mismatch' };
  if (entry.state === 'answered' && entry.answer !== undefined) return { state: 'answered', answer: entry.answer };
  if (entry.state === 'running') return { state: 'running' };
  if (entry.state !== 'lost') return { state: 'spent' };
  if (!claim.retriesLost) return { state: 'lost', againMs: undefined };
  if (entry.closedUntilMs > nowMs) return { state: 'lost', againMs: entry.closedUntilMs - nowMs };
  return 'taken-over';
}
