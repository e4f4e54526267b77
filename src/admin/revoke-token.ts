import { revocationsKind } from '../auth/revocations.ts';
import type { Deps } from '../deps.ts';
import type { AdminAnswer } from './server.ts';

const DAY_MS = 24 * 60 * 60_000;
/** The id alone doesn't tell when its token expires; few tokens live longer than this. */
const KEPT_DAYS = 30;

/** `POST /revoked-tokens/JTI`: takes a token back by its `jti`, on every gateway of the same Redis. */
export function revokeToken({ pool, clock }: Pick<Deps, 'pool' | 'clock'>, encoded: string): AdminAnswer {
  const [list] = pool.list(revocationsKind);
  const jti = decode(encoded);
  const untilMs = clock.now() + KEPT_DAYS * DAY_MS;
  if (list === undefined || jti === undefined || !list.revoke(jti, untilMs)) {
    return {
      status: 422,
      body: { code: 'not_revoked', detail: 'This is no jti, or 100,000 tokens are revoked already.' },
    };
  }
  return { status: 200, body: { revoked: jti, until: new Date(untilMs).toISOString(), count: list.size } };
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
}
