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

/** Whether CORS has decided for this request that pages of this very origin may use the cookies of their visitor. */
function mayUseCookies(context: RequestContext, origin: string): boolean {
  return (
    corsField(context, 'access-control-allow-origin') === origin &&
    corsField(context, 'access-control-allow-credentials') === 'true'
  );
}

/** A field that CORS has decided on for this request. */
export function corsField({ corsHeaders }: RequestContext, name: string): string | undefined {
  const at = corsHeaders.findIndex((field) => field.toLowerCase() === name);
  return at === -1 ? undefined : corsHeaders[at + 1];
}
