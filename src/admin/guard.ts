import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { isLoopback } from '../lib/loopback.ts';
import type { Settings } from '../settings.ts';
import { type AdminAnswer, refusal } from './answer.ts';
import { isOfDashboard } from './dashboard.ts';
import { isOfErrors } from './error-pages.ts';

const PORT = /:\d{1,5}$/;

/**
 * Who may use the admin port; undefined lets a request through.
 *
 * With ADMIN_TOKEN set the token is needed, and any Host will do. Without it the port is on loopback, and what could
 * still come from outside is a browser on this machine: a page that rebinds its name to 127.0.0.1 shows in Host. A page
 * of another origin shows in Origin, and is refused in both cases. The pages of errors need no token: whoever has met a
 * problem may follow its `type`, and they tell nothing of this gateway. Neither do the files of the dashboard's page: what
 * it shows it asks for, with the token that somebody types. So links in other pages may lead to both.
 */
export function createAdminGuard(
  settings: Pick<Settings, 'adminToken'>,
): (req: IncomingMessage) => AdminAnswer | undefined {
  const expected = settings.adminToken === undefined ? undefined : digest(settings.adminToken);

  return function guard(req) {
    if (expected === undefined && !isLoopback((req.headers.host ?? '').replace(PORT, '')))
      return refusal('forbidden', { detail: 'the Host of a request to the admin port must be localhost' });
    const isPublic = isOfErrors(req) || isOfDashboard(req);
    if (expected !== undefined && !isPublic && !hasToken(req, expected)) return withoutToken(req);
    if (isFromElsewhere(req) && !(isPublic && isFollowed(req)))
      return refusal('forbidden', { detail: 'the admin port does not answer other origins' });
    return undefined;
  };
}

const TOKEN_NEEDED = refusal('unauthenticated', {
  detail: 'Send "Authorization: Bearer" with ADMIN_TOKEN.',
  headers: ['www-authenticate', 'Bearer realm="turnpike-admin"'],
});

/** As RFC 6750, section 3.1, has it. */
const TOKEN_WRONG = refusal('unauthenticated', {
  detail: 'What was sent in Authorization is not "Bearer" with the ADMIN_TOKEN of this gateway.',
  headers: ['www-authenticate', 'Bearer realm="turnpike-admin", error="invalid_token"'],
});

const withoutToken = ({ headers }: IncomingMessage): AdminAnswer =>
  headers.authorization === undefined ? TOKEN_NEEDED : TOKEN_WRONG;

function hasToken(req: IncomingMessage, expected: Buffer): boolean {
  const { authorization = '' } = req.headers;
  const token = /^Bearer +(\S+)$/i.exec(authorization)?.[1];
  // Digests have one length, which timingSafeEqual asks for, and tell nothing of the token's.
  return token !== undefined && timingSafeEqual(digest(token), expected);
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** Somebody has followed a link: what is answered is seen by nobody but him (Fetch Metadata, section 2). */
function isFollowed({ headers }: IncomingMessage): boolean {
  const { origin, 'sec-fetch-mode': mode, 'sec-fetch-dest': dest } = headers;
  return origin === undefined && mode === 'navigate' && dest === 'document';
}

/** Browsers say where a page came from (Fetch, section 3.2; Fetch Metadata); a curl says nothing. */
function isFromElsewhere(req: IncomingMessage): boolean {
  const { origin, host } = req.headers;
  const site = req.headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return true;
  return origin !== undefined && origin !== `http://${host}` && origin !== `https://${host}`;
}
