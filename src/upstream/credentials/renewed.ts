import { GatewayError } from '../../errors.ts';
import { backoffMs } from '../../lib/backoff.ts';
import type { Clock } from '../../lib/clock.ts';

/** What was fetched, and how long it is good. */
export interface Fetched {
  readonly text: string;
  /** From the moment at which it was asked for. */
  readonly livesMs: number;
}

interface Held {
  readonly text: string;
  readonly renewAtMs: number;
  readonly expiresAtMs: number;
}

export interface RenewedOptions {
  /** Asks for a new one, within a deadline of its own. */
  readonly ask: () => Promise<Fetched>;
  readonly clock: Clock;
  /** Told of the first failure in a row, and of the success after it (undefined). */
  readonly onChange?: (error: unknown) => void;
  readonly random?: () => number;
}

/** It is renewed when 80 to 90 % of its life are over: gateways that have fetched together don't come back together. */
const RENEW_FROM = 0.8;
const RENEW_WITHIN = 0.1;
/** So much of its life, and no more than this, is left for the way to the service. */
const ON_THE_WAY = 0.05;
const MAX_ON_THE_WAY_MS = 5_000;
/** A service that refuses what was just fetched refuses whatever is fetched. */
const REFUSAL_COOL_DOWN_MS = 30_000;
const MAX_BACKOFF_MS = 30_000;

/**
 * A secret that is fetched, kept, and renewed ahead of its end by whoever uses it then: one fetch at a time for all, and
 * while a renewal fails the old one is used as long as it is good. What nobody uses is not renewed.
 */
export class Renewed {
  readonly #options: RenewedOptions;
  #held: Held | undefined;
  #fetching: Promise<string> | undefined;
  #failures = 0;
  #retryAtMs = 0;
  #error: unknown;
  #mayDropAtMs = 0;

  constructor(options: RenewedOptions) {
    this.#options = options;
  }

  /** The secret; a promise where it must be fetched first. Throws or rejects with `credential_unavailable` (503). */
  get(): string | Promise<string> {
    const now = this.#options.clock.now();
    const held = this.#held;
    if (held !== undefined && now < held.expiresAtMs) {
      if (now >= held.renewAtMs && now >= this.#retryAtMs) this.#renew().catch(ignore);
      return held.text;
    }
    if (this.#fetching === undefined && now < this.#retryAtMs) throw this.#unavailable();
    return this.#renew();
  }

  /**
   * The service does not take this one: it is forgotten, once for all who hear so, and not again before a while has
   * passed. True where the next `get` gives another one.
   */
  refuse(text: string): boolean {
    const held = this.#held;
    if (held?.text !== text) return held !== undefined || this.#fetching !== undefined;
    const now = this.#options.clock.now();
    if (now < this.#mayDropAtMs) return false;
    this.#held = undefined;
    this.#mayDropAtMs = now + REFUSAL_COOL_DOWN_MS;
    return true;
  }

  #renew(): Promise<string> {
    this.#fetching ??= this.#fetch().finally(() => {
      this.#fetching = undefined;
    });
    return this.#fetching;
  }

  async #fetch(): Promise<string> {
    const { ask, clock, random = Math.random, onChange } = this.#options;
    const askedAtMs = clock.now();
    try {
      const { text, livesMs } = await ask();
      this.#held = {
        text,
        renewAtMs: askedAtMs + livesMs * (RENEW_FROM + RENEW_WITHIN * random()),
        expiresAtMs: askedAtMs + livesMs - Math.min(livesMs * ON_THE_WAY, MAX_ON_THE_WAY_MS),
      };
      if (this.#failures > 0) onChange?.(undefined);
      this.#failures = 0;
      this.#retryAtMs = 0;
      this.#error = undefined;
      return text;
    } catch (error) {
      this.#failures += 1;
      this.#retryAtMs = clock.now() + backoffMs(this.#failures + 3, MAX_BACKOFF_MS, random);
      this.#error = error;
      if (this.#failures === 1) onChange?.(error);
      throw this.#unavailable();
    }
  }

  #unavailable(): GatewayError {
    const waitMs = this.#retryAtMs - this.#options.clock.now();
    const retryAfterSeconds = Math.max(1, Math.ceil(waitMs / 1000));
    return new GatewayError('credential_unavailable', undefined, { cause: this.#error, retryAfterSeconds });
  }
}

/** Whoever is refused for it is told, and so is the log. */
function ignore(): void {}
