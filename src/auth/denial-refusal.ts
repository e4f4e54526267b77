import { GatewayError, type GatewayErrorExtras } from '../errors.ts';
import type { Denial } from './authorization-rules.ts';
import { scopeChallenge } from './challenges.ts';

/**
 * The refusal of a caller who may not: 403 `forbidden`, or `insufficient_scope`, since a missing scope can be mended by
 * another token, and RFC 6750, section 3.1 says how to tell the client. `say` makes the field of a challenge, `more` what
 * else the answer has.
 */
export function refusalOf(
  { detail, scopes, forLog }: Denial,
  say: (challenge: string) => readonly string[],
  more: GatewayErrorExtras = {},
): GatewayError {
  const detailForLog = forLog === undefined ? undefined : `${detail} ${forLog}`;
  if (scopes === undefined) return new GatewayError('forbidden', detail, { ...more, detailForLog });
  const headers = say(scopeChallenge(scopes));
  return new GatewayError('insufficient_scope', detail, { ...more, headers, detailForLog });
}
