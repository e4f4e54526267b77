import { type IssuerName, listIssuers } from '../auth/issuer-names.ts';
import { revocationsKind } from '../auth/revocations.ts';
import { parseDurationMs } from '../schema-values.ts';
import { type AdminAnswer, type AdminSource, ok, refusal } from './answer.ts';
import { decodePart } from './decode-part.ts';

const DAY_MS = 24 * 60 * 60_000;
/** The id alone doesn't tell when its token expires; few tokens live longer than this. */
const KEPT_MS = 30 * DAY_MS;
const MAX_KEPT_MS = 400 * DAY_MS;
/** An expired token passes for a few seconds more, since clocks differ: the revocation must outlast that. */
const MARGIN_MS = 60_000;

/**
 * `POST /revoked-tokens/JTI`: takes a token back by its `jti`, on every gateway of the same Redis. `?exp=` (the claim
 * of the token, epoch seconds) or `?for=2h` says how long that must be remembered; 30 days by default. An id is unique
 * for its issuer alone, so `?issuer=` says whose it is where there is more than one; empty for the one without a name.
 */
export function revokeToken(
  { deps, gateway }: Pick<AdminSource, 'deps' | 'gateway'>,
  encoded: string,
  query: URLSearchParams,
): AdminAnswer {
  const { pool, clock, settings } = deps;
  const nowMs = clock.now();
  const untilMs = readUntilMs(query, nowMs);
  if (untilMs === undefined) return BAD_END;
  const issuers = listIssuers(gateway.snapshot.config, settings.jwt && { name: settings.jwt.issuer });
  const issuer = chooseIssuer(issuers, query.get('issuer'));
  if (issuer === 'unknown') return whoseToken(issuers);
  const [list] = pool.list(revocationsKind);
  const jti = decodePart(encoded);
  if (list === undefined || jti === undefined || !list.revoke(jti, untilMs, issuer.name)) return NOT_REVOKED;
  return ok({ revoked: jti, until: new Date(untilMs).toISOString(), count: list.size });
}

/** The issuer that is meant: the one that is named, or the only one. */
function chooseIssuer(issuers: readonly IssuerName[], named: string | null): { readonly name: IssuerName } | 'unknown' {
  if (named === null) return issuers.length > 1 ? 'unknown' : { name: issuers[0] };
  const name = named === '' ? undefined : named;
  return issuers.includes(name) ? { name } : 'unknown';
}

function whoseToken(issuers: readonly IssuerName[]): AdminAnswer {
  const names = issuers.map((name) => name ?? '(empty)').join(', ');
  return refusal('not_revoked', { detail: `Say whose token it is: ?issuer= one of ${names}.` });
}

const BAD_END = refusal('not_revoked', {
  detail: 'exp is the claim of the token in epoch seconds, for a duration such as 2h: in the future, at most 400d.',
});

const NOT_REVOKED = refusal('not_revoked');

function readUntilMs(query: URLSearchParams, nowMs: number): number | undefined {
  const [exp, duration] = [query.get('exp'), query.get('for')];
  if (exp !== null && duration !== null) return undefined;
  let untilMs: number | undefined = nowMs + KEPT_MS;
  if (exp !== null) untilMs = /^\d{1,12}$/.test(exp) ? Number(exp) * 1000 + MARGIN_MS : undefined;
  if (duration !== null) untilMs = nowMs + (parseDurationMs(duration) ?? Number.NaN);
  // Also false for what is no number.
  return untilMs !== undefined && untilMs > nowMs && untilMs <= nowMs + MAX_KEPT_MS ? untilMs : undefined;
}
