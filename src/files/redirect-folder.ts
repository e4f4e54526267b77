import type { SinkResponse } from '../answer/sink-response.ts';

/** What may stand in a path and a query as it is (RFC 3986, section 3.3). */
const OTHER = /[^A-Za-z0-9\-._~!$&'()*+,;=:@%/?]/gu;

/** Sends whoever asks for a folder to its slash: links in a page are read from there. `query` begins with a `?`. */
export function redirectToSlash(response: SinkResponse, path: string, query: string): void {
  // With two slashes in front the rest would be read as a host; browsers take a backslash for a slash.
  const location = `${path.replace(/^[/\\]+/, '/')}/${query}`.replace(OTHER, encodeURIComponent);
  response.statusCode = 301;
  response.setHeader('location', location);
  response.setHeader('content-length', 0);
  response.end();
}
