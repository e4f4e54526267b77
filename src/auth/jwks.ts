import type { KeyObject } from 'node:crypto';
import type { Logger } from 'winston';
import type { Call } from '../deps.ts';
import type { Clock } from '../lib/clock.ts';
import { isSafeUrl } from '../lib/safe-url.ts';
import type { Kind } from '../pool.ts';
import { askForObject, type Question } from './ask.ts';
import { Refusal } from './identity.ts';
import { type JwkSet, parseJwkSet } from './jwk-set.ts';
import type { KeyPlace, KeySource } from './key-source.ts';
import type { Algorithm } from './signing-keys.ts';

const CACHE_MS = 10 * 60_000;
/** From this age on the set is fetched again while the old one still serves. */
const REFRESH_AHEAD_MS = 8 * 60_000;
/**
 * How often tokens with an unknown `kid` may make us ask again: anybody can write one, and so delay the first tokens of
 * a key that is new by this long.
 */
const UNKNOWN_KID_COOL_DOWN_MS = 5000;
const FAILURE_COOL_DOWN_MS = 5000;
const STALE_MS = 24 * 60 * 60_000;
const QUESTION = { timeoutMs: 5000, maxBytes: 256 * 1024 } as const;

const UNKNOWN_KEY = new Refusal('the token is signed with a key that is not known', { kind: 'unknown' });

export interface JwksOptions {
  readonly place: KeyPlace;
  readonly clock: Clock;
  readonly log: Pick<Logger, 'warn' | 'info'>;
  readonly call: Call;
}

/** JWK Sets outlive a reload: a reload must not make every gateway ask every issuer at once. */
export const jwksKind: Kind<RemoteKeys> = { name: 'jwks', close() {} };

/**
 * The keys of an issuer that publishes them. One fetch at a time, whoever waits; ten minutes of cache; a key not yet
 * known is looked for at once, then at most every 5 s; while the issuer is down, or has no key of use, its last keys
 * serve for a day.
 */
export class RemoteKeys implements KeySource {
  generation = 0;
  freshUntilMs = Number.NEGATIVE_INFINITY;
  readonly #options: JwksOptions;
  #set: JwkSet | undefined;
  #fetchedAtMs = Number.NEGATIVE_INFINITY;
  #failedAtMs = Number.NEGATIVE_INFINITY;
  #missedAtMs = Number.NEGATIVE_INFINITY;
  #fetching: Promise<void> | undefined;
  #failure: unknown;
  #url: string | undefined;

  constructor(options: JwksOptions) {
    this.#options = options;
  }

  find(kid: string | undefined, alg: Algorithm, nowMs: number): KeyObject | Refusal | Promise<KeyObject | Refusal> {
    const age = nowMs - this.#fetchedAtMs;
    const isCoolingDown = nowMs - this.#failedAtMs < FAILURE_COOL_DOWN_MS;
    const key = age < STALE_MS ? this.#set?.find(kid, alg) : undefined;
    // Only the first to notice that the issuer is down waits for it; later tries run beside the requests.
    if (key !== undefined && (age < CACHE_MS || this.#failure !== undefined)) {
      if (age >= REFRESH_AHEAD_MS && !isCoolingDown) void this.#refresh();
      return key;
    }
    const mayAsk = age >= CACHE_MS || nowMs - this.#missedAtMs >= UNKNOWN_KID_COOL_DOWN_MS;
    if (isCoolingDown || !mayAsk) return this.#refusal(nowMs);
    return this.#refresh().then(() => this.#findAfterFetch(kid, alg));
  }

  #findAfterFetch(kid: string | undefined, alg: Algorithm): KeyObject | Refusal {
    const nowMs = this.#options.clock.now();
    const key = nowMs - this.#fetchedAtMs < STALE_MS ? this.#set?.find(kid, alg) : undefined;
    if (key !== undefined) return key;
    this.#missedAtMs = nowMs;
    return this.#refusal(nowMs);
  }

  /** With keys at hand the token is to blame; without any nobody can tell. */
  #refusal(nowMs: number): Refusal {
    if (this.#set !== undefined && nowMs - this.#fetchedAtMs < STALE_MS) return UNKNOWN_KEY;
    return new Refusal('the keys of the issuer can not be fetched', { code: 'auth_unavailable', cause: this.#failure });
  }

  #refresh(): Promise<void> {
    this.#fetching ??= this.#fetch().finally(() => {
      this.#fetching = undefined;
    });
    return this.#fetching;
  }

  /** Never rejects: a failure is remembered instead. */
  async #fetch(): Promise<void> {
    const { clock, log, call } = this.#options;
    try {
      const { ca } = this.#options.place;
      const question = { ...QUESTION, tls: ca === undefined ? undefined : { ca } };
      const set = parseJwkSet(await askForObject(call, await this.#locate(question), question));
      // An issuer that has had keys and shows none has a fault: its last ones are better than none.
      if (set.isEmpty && this.#set?.isEmpty === false) throw new Error('the set has no key of use any more');
      if (this.#set?.fingerprint !== set.fingerprint) this.generation += 1;
      this.#set = set;
      this.#fetchedAtMs = clock.now();
      this.freshUntilMs = this.#fetchedAtMs + REFRESH_AHEAD_MS;
      if (this.#failure !== undefined)
        log.info('the keys of an issuer could be fetched again', whereOf(this.#options.place));
      this.#failure = undefined;
      this.#failedAtMs = Number.NEGATIVE_INFINITY;
    } catch (error) {
      if (this.#failure === undefined)
        log.warn('the keys of an issuer can not be fetched', { ...whereOf(this.#options.place), error });
      this.#failure = error;
      this.#failedAtMs = clock.now();
      // Until the next try a remembered token needs no second look, unless the keys have become too old.
      const staleAtMs = this.#fetchedAtMs + STALE_MS;
      this.freshUntilMs = Math.min(this.#failedAtMs + FAILURE_COOL_DOWN_MS, staleAtMs);
      // The set may have moved: ask the issuer's configuration again.
      this.#url = undefined;
    }
  }

  async #locate(question: Question): Promise<string> {
    const { place, call } = this.#options;
    if ('jwks' in place) return place.jwks;
    this.#url ??= await discover(call, place.discover, question, place.allowHttp);
    return this.#url;
  }
}

/** The place for the log, without its authority. */
function whereOf(place: KeyPlace): object {
  return 'jwks' in place ? { jwks: place.jwks } : { discover: place.discover };
}

/** The `jwks_uri` in an issuer's configuration, which must be that issuer's own (OpenID Connect Discovery 4.3). */
async function discover(call: Call, issuer: string, question: Question, allowHttp?: boolean): Promise<string> {
  const document = await askForObject(call, `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`, question);
  const { issuer: named, jwks_uri: url } = document as { issuer?: unknown; jwks_uri?: unknown };
  if (named !== issuer) throw new Error(`the configuration of ${issuer} is that of another issuer`);
  if (typeof url !== 'string' || !isSafeUrl(url, allowHttp))
    throw new Error(`the configuration of ${issuer} has no jwks_uri with https`);
  return url;
}
