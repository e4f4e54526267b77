import { hash } from 'node:crypto';
import { z } from 'zod';
import type { RequestContext } from '../../context.ts';
import type { Call } from '../../deps.ts';
import type { Clock } from '../../lib/clock.ts';
import { FairQueue } from '../../lib/fair-queue.ts';
import { networkKey } from '../../lib/network-key.ts';
import { RecentMap } from '../../lib/recent-map.ts';
import { isSafeUrl } from '../../lib/safe-url.ts';
import type { Kind } from '../../pool.ts';
import { duration } from '../../schema-values.ts';
import type { StageDeps } from '../../stage.ts';
import { askForObject } from '../ask.ts';
import { BEARER_CHALLENGE, looksLikeJwt } from '../bearer.ts';
import { type ClaimPaths, type Claims, DEFAULT_CLAIM_PATHS } from '../claims.ts';
import { type Identity, type Outcome, Refusal } from '../identity.ts';
import { allowOption, type IssuerName, introspectionIssuer } from '../issuer-names.ts';
import { isAccepted } from '../jwt.ts';
import { refuseAudience, refuseIssuer } from '../not-for-us.ts';
import { Undecided } from '../recorded.ts';
import { defineScheme } from '../scheme.ts';
import { type ClaimSource, identifyByClaims, type TokenCallers } from '../token-identity.ts';
import { createTokenReader, type TokenPlaces, tokenPlaces } from '../token-places.ts';

const MAX_TOKEN_CHARS = 8192;
const MAX_ANSWER_BYTES = 64 * 1024;
const MAX_ASKING = 100;
const REMEMBERED_TOKENS = 10_000;
/** How long a token that is not active stays so: a client that tries again and again costs the server one question. */
const REFUSED_MS = 5000;
/** 9999-12-31T23:59:59Z: an expiry beyond it is none, and no date can be written of it. */
const MAX_TIME_SECONDS = 253_402_300_799;

/** The `introspection` key of the file: the server that knows opaque tokens (RFC 7662). */
const introspectionOption = z.strictObject({
  url: z
    .string()
    .refine(isSafeUrl, 'expected an https URL (or http on this machine)')
    .describe('Introspection endpoint; https, or http on this machine.'),
  clientId: z.string().min(1).describe('Who the gateway is to that server.'),
  clientSecret: z.string().min(1).describe('Its secret; write "${ENV:NAME}" or "${FILE:/path}".'),
  issuer: z
    .string()
    .min(1)
    .optional()
    .describe('Whose tokens it knows, where that is one of `issuers` too. Default: its URL.'),
  allow: allowOption,
  audience: z.string().min(1).optional().describe('What `aud` of the answer must name. Default: not checked.'),
  cacheFor: duration({ max: '5m' })
    .prefault('30s')
    .describe(
      'How long an answer is believed, at most until the token expires: also how late a revocation is seen. Default 30s.',
    ),
  timeout: duration({ min: '50ms', max: '30s' }).prefault('2s').describe('How long an answer may take. Default 2s.'),
});

type IntrospectionOptions = z.output<typeof introspectionOption>;

interface Remembered {
  readonly outcome: Outcome;
  readonly untilMs: number;
}

const CLAIM_PATHS: ClaimPaths = { ...DEFAULT_CLAIM_PATHS, subject: [...DEFAULT_CLAIM_PATHS.subject, 'username'] };

const INACTIVE = new Refusal('the token is not active');
const TOO_LARGE = new Refusal('the token is larger than 8 KiB');
const UNREADABLE = new Refusal('the server that knows this token gave it a time that is none', {
  code: 'auth_unavailable',
});
const BUSY = new Refusal('too many tokens are being asked about', { code: 'auth_unavailable' });
const NOT_ASKED = new Refusal('the introspection server is not asked while explaining (--ask)', {
  code: 'auth_unavailable',
  cause: new Undecided('It is asked with --ask alone ("ask": true), since it may count or log that.'),
});

const introspectionKind: Kind<Introspection> = { name: 'introspection', close() {} };

/** Asks a server about opaque tokens. Answers are kept under the hash of the token; equal questions are asked once. */
class Introspection {
  readonly #options: IntrospectionOptions;
  readonly #clock: Clock;
  readonly #call: Call;
  readonly #callers: TokenCallers;
  readonly #source: ClaimSource;
  readonly #remembered = new RecentMap<string, Remembered>(REMEMBERED_TOKENS);
  readonly #places = new FairQueue({ atOnce: MAX_ASKING });
  readonly #asking = new Map<string, Promise<Outcome>>();

  constructor(options: IntrospectionOptions, { clock, call }: StageDeps, callers: TokenCallers) {
    this.#options = options;
    this.#clock = clock;
    this.#call = call;
    this.#callers = callers;
    this.#source = { issuer: introspectionIssuer(options), paths: CLAIM_PATHS, allow: options.allow };
  }

  /** Whose tokens it knows. */
  get issuer(): IssuerName {
    return this.#source.issuer;
  }

  check(token: string, context: RequestContext, nowMs: number): Outcome | Promise<Outcome> {
    if (token.length > MAX_TOKEN_CHARS) return TOO_LARGE;
    const key = hash('sha256', token, 'base64');
    const known = this.#remembered.get(key);
    if (known !== undefined && nowMs < known.untilMs) return known.outcome;
    if (context.dryRun) return context.mayAsk ? this.#ask(token).then(({ outcome }) => outcome) : NOT_ASKED;
    const asking = this.#asking.get(key);
    if (asking !== undefined) return asking;
    const isProven = known !== undefined && !(known.outcome instanceof Refusal);
    const answer = this.#askInTurn(key, token, context, isProven, nowMs).finally(() => this.#asking.delete(key));
    this.#asking.set(key, answer);
    return answer;
  }

  async #askInTurn(
    key: string,
    token: string,
    { clientAddress }: RequestContext,
    isProven: boolean,
    nowMs: number,
  ): Promise<Outcome> {
    const caller = networkKey(clientAddress);
    if (!(await this.#places.enter(caller, isProven, nowMs))) return BUSY;
    try {
      const { outcome, untilMs } = await this.#ask(token);
      if (untilMs !== undefined) this.#remembered.set(key, { outcome, untilMs });
      if (outcome instanceof Refusal && outcome.code === 'invalid_credential') this.#places.blame(caller, nowMs);
      return outcome;
    } finally {
      this.#places.leave();
    }
  }

  /** What is to be known of a token, and until when; no end where it is not to be remembered. */
  async #ask(token: string): Promise<{ readonly outcome: Outcome; readonly untilMs?: number }> {
    const { url, clientId, clientSecret, timeout, cacheFor } = this.#options;
    // RFC 6749, section 2.3.1: both halves are form-encoded before they are joined.
    const client = Buffer.from(`${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`).toString(
      'base64',
    );
    let claims: Claims;
    try {
      claims = await askForObject(this.#call, url, {
        method: 'POST',
        headers: { authorization: `Basic ${client}`, 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({ token, token_type_hint: 'access_token' }).toString(),
        timeoutMs: timeout,
        maxBytes: MAX_ANSWER_BYTES,
      });
    } catch (cause) {
      // Not remembered: the next request asks again.
      const outcome = new Refusal('the server that knows this token does not answer', {
        code: 'auth_unavailable',
        cause,
      });
      return { outcome };
    }
    const nowMs = this.#clock.now();
    const outcome = this.#read(claims, nowMs);
    const keepMs = outcome instanceof Refusal ? REFUSED_MS : cacheFor;
    const untilMs = Math.min(nowMs + keepMs, (outcome as Identity).expiresAtMs ?? Number.POSITIVE_INFINITY);
    return { outcome, untilMs };
  }

  /** Who the answer speaks of (RFC 7662, section 2.2). */
  #read(claims: Claims, nowMs: number): Outcome {
    const { audience } = this.#options;
    const { active, aud } = claims as { active?: unknown; aud?: unknown };
    if (active !== true) return INACTIVE;
    const [exp, nbf] = [readSeconds(claims['exp']), readSeconds(claims['nbf'])];
    if (Number.isNaN(exp) || Number.isNaN(nbf)) return UNREADABLE;
    const expiresAtMs = exp === undefined || exp > MAX_TIME_SECONDS ? undefined : exp * 1000;
    if (expiresAtMs !== undefined && expiresAtMs <= nowMs) return INACTIVE;
    if (nbf !== undefined && nbf * 1000 > nowMs) return INACTIVE;
    if (audience !== undefined && aud !== audience && !(Array.isArray(aud) && aud.includes(audience)))
      return refuseAudience(aud, [audience]);
    return identifyByClaims('introspection', claims, this.#source, this.#callers, expiresAtMs);
  }
}

/** Seconds since the epoch: a number, or a text that spells one as some servers write it; NaN for anything else. */
function readSeconds(value: unknown): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string') return /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
  return typeof value === 'number' ? value : Number.NaN;
}

/** Opaque tokens in `Authorization: Bearer`, and where else a route takes them. Beside jwt, what looks like a JWT is left to that scheme. */
export const introspectionScheme = defineScheme({
  name: 'introspection',
  options: tokenPlaces,
  bare: {} as TokenPlaces,
  challenge: BEARER_CHALLENGE,
  isToken: true,
  fileKeys: {
    introspection: introspectionOption.optional().describe('The server that knows opaque tokens (RFC 7662).'),
  },
  credentialFields: () => ['authorization'],
  queryParameter: ({ query }) => query,
  tokenPlaces: (places) => places,
  takesOpaqueBearer: () => true,
  isPossible: ({ introspection }) => introspection !== undefined,
  findMissing: ({ introspection }) =>
    introspection === undefined
      ? { message: 'nobody to introspect tokens is configured', hint: 'add "introspection" to the file' }
      : undefined,
  prepare: ({ introspection }, deps, callers) => introspection && createIntrospection(introspection, deps, callers),

  create(places, introspection, { beside, issuers }) {
    const readToken = createTokenReader(places);
    const leavesJwt = beside.has('jwt');
    const takesIssuer = introspection === undefined || isAccepted(issuers, introspection.issuer);
    return {
      authorizationWord: 'bearer',
      isConfigured: introspection !== undefined,
      check(context: RequestContext, nowMs: number) {
        const token = readToken(context);
        if (token instanceof Refusal) return token;
        if (token === undefined || (leavesJwt && looksLikeJwt(token))) return undefined;
        if (!takesIssuer) return refuseIssuer(introspection?.issuer, issuers);
        return introspection?.check(token, context, nowMs) ?? INACTIVE;
      },
    };
  },
});

function createIntrospection(options: IntrospectionOptions, deps: StageDeps, callers: TokenCallers): Introspection {
  // What is remembered says who a client is mapped to: another mapping is another memory. The options hold a secret,
  // which has no place in a key.
  const key = hash('sha256', JSON.stringify([options, [...callers.clients], callers.tellsIssuer]));
  return deps.lease.use(introspectionKind, key, () => new Introspection(options, deps, callers));
}
