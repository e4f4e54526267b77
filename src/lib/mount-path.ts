import type { IncomingMessage } from 'node:http';

interface Mounted {
  readonly req: IncomingMessage;
  readonly parent?: Mounted | undefined;
}

/** What may stand in a path as it is (RFC 3986, section 3.3). */
const OTHER = /[^A-Za-z0-9\-._~!$&'()*+,;=:@%/]/gu;

/**
 * The path at which an Express application has mounted the gateway, `/api`: clients write it before every path of ours.
 * Empty where the gateway has a port of its own. Express tells it as the client has written it, so what can't stand in
 * a path is encoded, and it never begins with two slashes, which would begin a host.
 */
export function mountOf({ req, parent }: Mounted): string {
  const { baseUrl } = (parent?.req ?? req) as { baseUrl?: unknown };
  if (typeof baseUrl !== 'string' || baseUrl === '') return '';
  return baseUrl
    .replace(/^[/\\]*/, '/')
    .replace(/[/\\]+$/, '')
    .replace(OTHER, encodeURIComponent);
}

/** The target of a request as its client has sent it, with the mount: what signatures are made over. */
export function sentTarget(req: IncomingMessage): string {
  const { originalUrl } = req as { originalUrl?: unknown };
  return typeof originalUrl === 'string' ? originalUrl : (req.url ?? '/');
}
