import type { RequestContext } from '../../context.ts';

/** What a request asks for as its client wrote it, before anything is normalised: what a signature is made over. */
export interface AsSent {
  /** Lower case, without the port that its scheme has anyhow. */
  readonly authority: string;
  readonly path: string;
  /** With its `?`; empty where there is none. */
  readonly query: string;
  /** The whole URL. */
  readonly url: string;
}

const ABSOLUTE = /^https?:\/\/[^/?#]+/i;

/**
 * Reads it from the request line, and the host from the field that the client's own proxy sees: X-Forwarded-Host counts
 * from a peer alone that TRUST_PROXY covers (RFC 9421, sections 2.2.2 to 2.2.7).
 */
export function readAsSent({ req, scheme, peerTrusted }: RequestContext): AsSent {
  const written = (req.url ?? '/').replace(ABSOLUTE, '');
  const target = written.startsWith('/') ? written : `/${written}`;
  const mark = target.indexOf('?');
  const path = mark === -1 ? target : target.slice(0, mark);
  const query = mark === -1 ? '' : target.slice(mark);
  const forwarded = peerTrusted ? [req.headers['x-forwarded-host']].flat().at(-1) : undefined;
  const authority = plainAuthority(forwarded ?? req.headers.host ?? '', scheme);
  return { authority, path, query, url: `${scheme}://${authority}${path}${query}` };
}

function plainAuthority(host: string, scheme: 'http' | 'https'): string {
  return host.toLowerCase().replace(scheme === 'https' ? /:443$/ : /:80$/, '');
}

/** All values of a field in their order, each without the spaces around it; undefined where the request has none. */
export function valuesOf({ req: { rawHeaders } }: RequestContext, lowerName: string): readonly string[] | undefined {
  const values: string[] = [];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if ((rawHeaders[i] as string).toLowerCase() === lowerName) values.push((rawHeaders[i + 1] as string).trim());
  }
  return values.length === 0 ? undefined : values;
}
