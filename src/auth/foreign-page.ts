import type { RequestContext } from '../context.ts';

/**
 * Whether a page of another origin made the browser send this request: by Sec-Fetch-Site, which no script can set, else by
 * Origin. A page that CORS lets in with credentials is none. Without either field no browser sent it.
 */
export function isForeignPage(context: RequestContext): boolean {
  const { origin, 'sec-fetch-site': site } = context.req.headers;
  if (site === 'same-origin' || site === 'none') return false;
  if (origin === undefined) return site !== undefined;
  return !isOwnOrigin(context, origin) && !mayUseCookies(context, origin);
}

/** Whether a page of this origin is one of the host that was asked. */
export function isOwnOrigin(context: RequestContext, origin: string): boolean {
  return origin === ownOriginOf(context);
}

/** The origin that was asked, as the client knows it. */
export function ownOriginOf({ req, scheme, peerTrusted }: RequestContext): string {
  // A load balancer may have its own name for us.
  const ownHost = (peerTrusted ? req.headers['x-forwarded-host'] : undefined) ?? req.headers.host;
  return `${scheme}://${String(ownHost)}`;
}

/** By the fields that CORS has decided on for this request: this very origin, and its cookies. */
export function mayUseCookies({ corsHeaders }: RequestContext, origin: string): boolean {
  const at = (name: string) => corsHeaders[corsHeaders.findIndex((field) => field.toLowerCase() === name) + 1];
  return at('access-control-allow-origin') === origin && at('access-control-allow-credentials') === 'true';
}
