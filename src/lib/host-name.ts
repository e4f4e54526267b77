/** A name or an address: `URL` takes more than a resolver could ever find, `$HOST` and `{name}` for two. */
const HOST_NAME = /^(?:[a-z0-9._~-]+|\[[0-9a-f:.]+\])$/;

/** True for the `hostname` of a URL that a resolver may know. */
export function isHostName(hostname: string): boolean {
  return HOST_NAME.test(hostname);
}
