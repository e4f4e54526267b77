import { z } from 'zod';
import type { RequestContext } from '../context.ts';
import { isObject } from '../lib/json-object.ts';
import { encodeOctet } from '../lib/percent-encode.ts';
import { type PathMap, publicPath } from '../lib/public-path.ts';
import { objectOf } from './json-walk.ts';

const webUrl = z
  .url({ protocol: /^https?$/, error: 'expected a URL such as "http://users.internal:8080"' })
  .refine((text) => !/[?#@]/.test(text), { error: 'is an address, without query, fragment or user' });

/** The key `urls` of a transform. */
export const publicUrlsOption = z.strictObject({
  from: z
    .array(webUrl)
    .max(50)
    .default([])
    .describe("Addresses of the service in its own words, beside the target's that has answered."),
  to: webUrl
    .optional()
    .describe("Scheme and host that stand in their place. Default: those that the client's request was sent to."),
});

export type PublicUrlsOptions = z.output<typeof publicUrlsOption>;

/** Which paths of a service are which of the gateway's, for one request; without the path of the target itself. */
export type FindPathMap = (context: RequestContext) => PathMap;

/** A service's own URLs, turned into the gateway's. */
export interface PublicUrls {
  /** In every string of JSON that begins with one. */
  inJson(value: unknown): unknown;
  /** Wherever they stand in a text, HTML for one; its bytes else stay as they are, whatever their encoding. */
  inText(bytes: Buffer): Buffer;
}

/** A host as it may stand in a URL, and in HTML: the client has sent it (RFC 3986, section 3.2.2). */
const HOST = /^(?:[\w.-]+|\[[\da-fA-F:.]+\])(?::\d{1,5})?$/;
/** What ends a URL in a text, or in JSON inside of it. */
const REST = '(?=[/?#"\'\\s<>()\\\\`&;,]|$)([^"\'\\s<>()\\\\`&;,]*)';

/** For one answer; undefined where it is not known what to turn, or into what. */
export function findPublicUrls(
  { from, to }: PublicUrlsOptions,
  findPathMap: FindPathMap,
  context: RequestContext,
): PublicUrls | undefined {
  const base = to === undefined ? ownBase(context) : new URL(to).origin;
  const addresses = [...(context.target === undefined ? [] : [context.target]), ...from].map((text) => new URL(text));
  if (base === undefined || addresses.length === 0) return undefined;
  const prefixes = findPathMap(context);
  const turners = new Map(addresses.map((url) => [url.host, turnerOf(url, base, prefixes)]));
  const hosts = addresses.map(hostPattern).join('|');
  // `//host/path` has the scheme of whoever shows it (RFC 3986, section 4.2).
  const inJson = new RegExp(`^(?:https?:)?//(${hosts})(?=[/?#]|$)(.*)$`, 'is');
  const inText = new RegExp(`(?<![\\w.:+-])(?:https?:)?//(${hosts})${REST}`, 'gi');
  const turn = (all: string, host: string, rest: string): string => {
    const lower = host.toLowerCase();
    const turner = turners.get(lower) ?? turners.get(lower.replace(DEFAULT_PORT, ''));
    return turner?.(rest) ?? all;
  };
  return {
    inJson: (value) => mapStrings(value, (text) => (text.includes('//') ? text.replace(inJson, turn) : text)),
    inText: (bytes) => Buffer.from(bytes.toString('latin1').replace(inText, turn), 'latin1'),
  };
}

const DEFAULT_PORT = /:(?:80|443)$/;

function hostPattern({ host, port }: URL): string {
  const encodeOctet = host.replaceAll(/[.[\]]/g, '\\$&');
  return port === '' ? `${encodeOctet}(?::(?:80|443))?` : encodeOctet;
}

function ownBase({ req, scheme, upstreamHeaders }: RequestContext): string | undefined {
  const at = upstreamHeaders.findIndex((name, index) => index % 2 === 0 && name === 'X-Forwarded-Host');
  const host = (at < 0 ? undefined : upstreamHeaders[at + 1]) ?? req.headers.host;
  return host !== undefined && HOST.test(host) ? `${scheme}://${host}` : undefined;
}

function turnerOf(url: URL, base: string, { servicePrefix, publicPrefix }: PathMap): (rest: string) => string {
  const map = {
    servicePrefix: url.pathname.replace(/\/$/, '') + servicePrefix,
    // A client's `:name` in it must not end an attribute of HTML.
    publicPrefix: publicPrefix.replaceAll(/["'<>&;()`]/g, encodeOctet),
  };
  return (rest) => {
    const path = publicPath(rest.startsWith('/') ? rest : `/${rest}`, map);
    if (rest === '') return base + path.replace(/\/$/, '');
    // A page may put more behind it.
    return base + path + (rest.endsWith('/') && !path.endsWith('/') ? '/' : '');
  };
}

function mapStrings(value: unknown, turn: (text: string) => string): unknown {
  if (typeof value === 'string') return turn(value);
  if (Array.isArray(value)) return value.map((item) => mapStrings(item, turn));
  if (!isObject(value)) return value;
  return objectOf(Object.entries(value).map(([name, member]) => [name, mapStrings(member, turn)]));
}
