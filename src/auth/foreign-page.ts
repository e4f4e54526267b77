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

const SHOWN_CHARS = 200;

/**
 * Which page came, and which would be one of the host that was asked: for the log. That TLS ends in front of the gateway,
 * and nothing says so, makes every page of the own host a foreign one.
 */
export function explainOrigin(context: RequestContext): string {
  const { origin, 'sec-fetch-site': site } = context.req.headers;
  const own = ownOriginOf(context);
  if (origin === undefined) return `it has no Origin, and Sec-Fetch-Site is ${show(String(site))}`;
  const says = `its Origin is ${show(origin)}, and a page of the host that was asked would be ${show(own)}`;
  const isDowngraded = own.startsWith('http:') && origin === own.replace('http:', 'https:');
  return isDowngraded
    ? `${says}: where TLS ends in front, set TRUST_PROXY and send X-Forwarded-Proto from there`
    : says;
}

function show(text: string): string {
  return JSON.stringify(text.length <= SHOWN_CHARS ? text : `${text.slice(0, SHOWN_CHARS)}…`);
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
