import { type PathMap, publicPath } from '../../lib/public-path.ts';
import type { AnswerFields } from '../../sink.ts';

/**
 * A service speaks of its own paths and its own name; the client knows only the gateway's. `Location`, the domain of
 * cookies, and their path where that is asked for, are turned round, as nginx's proxy_redirect, proxy_cookie_domain
 * and proxy_cookie_path do.
 */
export interface RedirectMap extends PathMap {
  /** The service's origin, `http://10.0.0.7:4001`. */
  readonly origin: string;
  /** Whether `Location` and `Content-Location` are turned round. */
  readonly redirects: boolean;
  /** Whether the paths of cookies are. By default a cookie is good for the whole host: `Path=/` is a login for all. */
  readonly cookiePaths: boolean;
}

/** Whether anything in a service's head may need turning round. */
export function speaksOfItself(headers: AnswerFields): boolean {
  return (
    headers['location'] !== undefined ||
    headers['set-cookie'] !== undefined ||
    headers['content-location'] !== undefined
  );
}

/** The headers with Location, Content-Location and Set-Cookie turned round; the same object when there are none. */
export function rewriteServiceHeaders(headers: AnswerFields, map: RedirectMap): AnswerFields {
  if (!speaksOfItself(headers)) return headers;
  const { location, 'content-location': contentLocation, 'set-cookie': cookies } = headers;
  const rewritten: Record<string, string | string[] | undefined> = { ...headers };
  if (map.redirects && location !== undefined) rewritten['location'] = publicLocations(location, map);
  if (map.redirects && contentLocation !== undefined)
    rewritten['content-location'] = publicLocations(contentLocation, map);
  if (cookies !== undefined) rewritten['set-cookie'] = [cookies].flat().map((cookie) => publicCookie(cookie, map));
  return rewritten;
}

/** One where there should be one; a service that sends two must not tell its address by either. */
function publicLocations(locations: string | string[], map: RedirectMap): string | string[] {
  return typeof locations === 'string'
    ? publicLocation(locations, map)
    : locations.map((location) => publicLocation(location, map));
}

function publicLocation(location: string, map: RedirectMap): string {
  if (location.startsWith('/') && !location.startsWith('//')) return onThisHost(publicPath(location, map));
  // `//host/path` has the scheme of the service (RFC 3986, section 4.2).
  if (!URL.canParse(location, location.startsWith('//') ? map.origin : undefined)) return location;
  const url = new URL(location, map.origin);
  if (url.origin !== map.origin) return location;
  return onThisHost(publicPath(url.pathname + url.search + url.hash, map));
}

/** Two slashes begin a host (RFC 3986, section 4.2); browsers take a backslash for one, and leave out a tab. */
function onThisHost(path: string): string {
  return path.replace(/^[/\\\t]{2,}/, '/');
}

/** `Domain` names the service, which the client never sees: without it the cookie is the gateway's (RFC 6265, 5.3). */
function publicCookie(cookie: string, map: RedirectMap): string {
  const [pair = '', ...attributes] = cookie.split(';');
  // Browsers throw a `__Host-` cookie away unless its path is `/` (RFC 6265bis, section 4.1.3.2).
  const isPathKept = !map.cookiePaths || /^\s*__Host-/i.test(pair);
  const kept = attributes.filter((attribute) => !/^\s*domain\s*=/i.test(attribute));
  return [pair, ...(isPathKept ? kept : kept.map((attribute) => publicCookiePath(attribute, map)))].join(';');
}

function publicCookiePath(attribute: string, map: RedirectMap): string {
  return attribute.replace(
    /^(\s*path\s*=\s*)(\/.*)$/i,
    (_all, name: string, path: string) => name + publicPath(path, map),
  );
}
