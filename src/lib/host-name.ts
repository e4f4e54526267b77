/** A name or an address: `URL` takes more than a resolver could ever find, `$HOST` and `{name}` for two. */
const HOST_NAME = /^(?:[a-z0-9._~-]+|\[[0-9a-f:.]+\])$/;

/** True for the `hostname` of a URL that a resolver may know. */
export function isHostName(hostname: string): boolean {
  return HOST_NAME.test(hostname);
}

/** Longest name that DNS has (RFC 1035, section 2.3.4); a longer one is looked up nowhere. */
const MAX_HOST_CHARS = 255;

/**
 * A Host as routes name it: lower case, without port and without the dot that may end a full name. Another spelling
 * of a name must not slip past the routes of that name.
 */
export function normalizeHost(host: string): string {
  if (host.length > MAX_HOST_CHARS + 6) return '';
  // The colon of a port follows the bracket of an IPv6 address; the colons inside it belong to the address.
  const colon = host.indexOf(':', host.charCodeAt(0) === 0x5b ? host.indexOf(']') : 0);
  const name = colon > 0 ? host.slice(0, colon) : host;
  return (name.endsWith('.') ? name.slice(0, -1) : name).toLowerCase();
}
