import type { IncomingMessage } from 'node:http';
import { type AdminAnswer, refusal } from './answer.ts';

/** All that the page may do: run its own scripts, and ask the port that it came from. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "frame-ancestors 'none'",
  "form-action 'none'",
].join('; ');

/** True for the files of the dashboard's page: they tell nothing of the gateway, and so need no token. */
export function isOfDashboard(req: IncomingMessage): boolean {
  if (req.method !== 'GET' && req.method !== 'HEAD') return false;
  const [path = ''] = (req.url ?? '').split('?', 1);
  return path.startsWith('/dashboard/') || (path === '/' && wantsPage(req));
}

/** A browser says so; curl takes whatever comes, and gets the list of pages. */
export function wantsPage(req: IncomingMessage): boolean {
  return /\btext\/html\b/.test(req.headers.accept ?? '');
}

/** The page itself. */
export const PAGE = 'index.html';

/**
 * In an application, where its pages may hang below `/ops`, the page would look for its files beside that and not below:
 * where it is asked for without a slash at the end, the place with one.
 */
function withSlash(req: IncomingMessage & { readonly originalUrl?: string }): string | undefined {
  const [path = '/'] = (req.originalUrl ?? '/').split('?', 1);
  return path.endsWith('/') ? undefined : `./${path.slice(path.lastIndexOf('/') + 1)}/`;
}

/** A file of the page. It is asked for anew each time, and sent when it has changed. */
export async function sendAsset(name: string, req: IncomingMessage): Promise<AdminAnswer> {
  const place = name === PAGE ? withSlash(req) : undefined;
  if (place !== undefined) return { status: 308, body: '', type: 'text/plain', headers: ['location', place] };
  // A part of its own: a gateway whose dashboard nobody opens reads nothing of it.
  const { findAsset } = await import('../dashboard/assets.ts');
  const asset = findAsset(name);
  if (asset === undefined) return refusal('not_found', { detail: 'The dashboard has no such file.' });
  const { body, type, etag } = asset;
  const headers = ['cache-control', 'no-cache', 'etag', etag, 'vary', 'accept', 'content-security-policy', POLICY];
  if (req.headers['if-none-match'] === etag) return { status: 304, body: '', type, headers };
  return { status: 200, body, type, headers };
}
