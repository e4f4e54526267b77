import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { CURL_OPTIONS, isCurlOption, REFUSED } from './curl-options.ts';

/** A request as it stands on a command line of curl. */
export interface CurlRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, readonly string[]>>;
  readonly body: string | undefined;
}

const FIELD_OF: ReadonlyMap<string, string> = new Map([
  ['user-agent', 'user-agent'],
  ['referer', 'referer'],
  ['cookie', 'cookie'],
  ['oauth2-bearer', 'authorization'],
  ['user', 'authorization'],
  ['range', 'range'],
]);

/** Reads the file that `-d @file` names; `@-` is 0. */
export type ReadFile = (file: string | number) => string;

/** With `--user` they wait to be asked. */
const CHALLENGED = ['digest', 'ntlm', 'negotiate', 'anyauth'];

/**
 * Reads what stands behind the word `curl`. Throws an Error that says what is missing or not understood. `read`: where
 * the line comes from somebody else than the person at this machine, it must refuse.
 */
export function parseCurl(
  words: readonly string[],
  read: ReadFile = (file) => readFileSync(file, 'utf8'),
): CurlRequest {
  const { tokens } = parseArgs({
    args: words.filter((word) => word !== '--'),
    options: CURL_OPTIONS,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const reading = new Reading(read);
  for (const token of tokens) {
    if (token.kind === 'positional') reading.take('url', token.value);
    else if (token.kind === 'option') reading.take(token.name, token.value);
  }
  return reading.request;
}

/** What has been read so far. */
class Reading {
  readonly #flags = new Set<string>();
  readonly #query: string[] = [];
  #target: string | undefined;
  readonly #headers = new Map<string, string[]>();
  readonly #data: string[] = [];
  #method: string | undefined;
  #url: string | undefined;
  #isJson = false;
  readonly #read: ReadFile;

  constructor(read: ReadFile) {
    this.#read = read;
  }

  take(name: string, value = ''): void {
    const why = name.startsWith('expand-') ? 'variables are filled in by curl itself' : REFUSED.get(name);
    if (why !== undefined) throw new Error(`--${name}: ${why}`);
    // Its value would be taken for a URL.
    if (!isCurlOption(name)) throw new Error(`--${name} is no option that is known here`);
    const field = FIELD_OF.get(name);
    if (field !== undefined) this.#takeField(name, field, value);
    else if (name === 'data' || name === 'json' || name.startsWith('data-')) this.#takeData(name, value);
    else if (name === 'header') this.#takeHeader(value);
    else if (name === 'request') this.#method = value;
    else if (name === 'url') this.#takeUrl(value);
    else if (name === 'url-query') this.#query.push(encodeData(value));
    else if (name === 'request-target') this.#target = value;
    else this.#flags.add(name);
  }

  get request(): CurlRequest {
    const { isGet } = this;
    const data = this.#data.length === 0 ? undefined : this.#data.join(this.#isJson ? '' : '&');
    const body = isGet ? undefined : data;
    if (body !== undefined) {
      this.#setDefault('content-type', this.#isJson ? 'application/json' : 'application/x-www-form-urlencoded');
    }
    this.#setDefault('accept', this.#isJson ? 'application/json' : '*/*');
    if (this.#flags.has('compressed')) this.#setDefault('accept-encoding', 'deflate, gzip, br, zstd');
    // The first request goes without, and asks how to prove who it is.
    if (CHALLENGED.some((scheme) => this.#flags.has(scheme))) this.#headers.delete('authorization');
    return {
      method: this.#method ?? (this.#flags.has('head') ? 'HEAD' : body === undefined ? 'GET' : 'POST'),
      url: this.#urlWith(isGet && data !== undefined ? [...this.#query, data] : this.#query),
      headers: Object.fromEntries(this.#headers),
      body,
    };
  }

  get isGet(): boolean {
    return this.#flags.has('get');
  }

  #urlWith(query: readonly string[]): string {
    if (this.#url === undefined) throw new Error('there is no URL');
    const url = asCurlSends(this.#url, {
      isGlobbed: !this.#flags.has('globoff'),
      isAsIs: this.#flags.has('path-as-is'),
    });
    if (this.#target !== undefined) return (/^https?:\/\/[^/?#]*/i.exec(url)?.[0] ?? '') + this.#target;
    return query.length === 0 ? url : `${url}${url.includes('?') ? '&' : '?'}${query.join('&')}`;
  }

  /** Neither is repeated: one of them may be what belongs to an option, a password for one. */
  #takeUrl(value: string): void {
    if (this.#url !== undefined) throw new Error('one URL at a time');
    this.#url = value;
  }

  #takeField(name: string, field: string, value: string): void {
    if (name === 'cookie' && !value.includes('=')) throw new Error('--cookie: cookies of a file are not read');
    const text = fieldValue(name, value);
    if (text !== '') this.#add(field, text);
  }

  #takeData(name: string, value: string): void {
    if (name === 'json') this.#isJson = true;
    if (name === 'data-raw') this.#data.push(value);
    else if (name === 'data-urlencode') this.#data.push(encodeData(value));
    else this.#data.push(this.#readData(value, name === 'data' || name === 'data-ascii'));
  }

  #readData(value: string, isText: boolean): string {
    if (!value.startsWith('@')) return value;
    const text = this.#read(value === '@-' ? 0 : value.slice(1));
    return isText ? text.replace(/[\r\n]/g, '') : text;
  }

  /** `Name: value`; `Name:` takes a field out, and `Name;` sends it empty. */
  #takeHeader(text: string): void {
    const colon = text.indexOf(':');
    if (colon < 0 && text.endsWith(';')) {
      this.#add(text.slice(0, -1).toLowerCase(), '');
      return;
    }
    if (text.startsWith('@')) throw new Error('-H: fields of a file are not read');
    if (colon <= 0) throw new Error(`-H "${text.split(/[^\w-]/, 1)[0]}…" is no field: write "Name: value"`);
    const name = text.slice(0, colon).trim().toLowerCase();
    const value = text.slice(colon + 1).trim();
    if (value === '') this.#headers.delete(name);
    else this.#add(name, value);
  }

  /** Bytes beyond ASCII are characters of their own in a field. */
  #add(name: string, value: string): void {
    const bytes = Buffer.from(value).toString('latin1');
    this.#headers.set(name, [...(this.#headers.get(name) ?? []), bytes]);
  }

  #setDefault(name: string, value: string): void {
    if (!this.#headers.has(name)) this.#headers.set(name, [value]);
  }
}

function fieldValue(name: string, value: string): string {
  if (name === 'user') return `Basic ${Buffer.from(value).toString('base64')}`;
  if (name === 'oauth2-bearer') return `Bearer ${value}`;
  if (name === 'referer') return value.replace(/;auto$/, '');
  return name === 'range' ? `bytes=${value}` : value;
}

function encodeData(value: string): string {
  const end = value.indexOf('=') + 1;
  return value.slice(0, end) + encodeURIComponent(value.slice(end));
}

/** A path, or a URL with the scheme that curl would have guessed, and without what it takes out by itself. */
function asCurlSends(url: string, { isGlobbed, isAsIs }: { isGlobbed: boolean; isAsIs: boolean }): string {
  const whole = url.startsWith('/') || /^[a-z][a-z0-9+.-]*:\/\//i.test(url) ? url : `http://${url}`;
  if (!whole.startsWith('/') && !/^https?:/i.test(whole)) throw new Error('only http and https are explained');
  const [origin = ''] = /^https?:\/\/[^/?#]*/i.exec(whole) ?? [];
  const rest = whole.slice(origin.length);
  if (isGlobbed && GLOB.test(rest))
    throw new Error('one URL at a time: curl makes several of {…} and […], but with -g');
  const [path = ''] = rest.split(/[?#]/, 1);
  return origin + (isAsIs ? path : withoutDots(path)) + rest.slice(path.length);
}

const GLOB = /\{[^}]*\}|\[\w+-\w+(?::\d+)?\]/;

/** RFC 3986, section 5.2.4, as curl has it. */
function withoutDots(path: string): string {
  if (!/\/\.\.?(?:\/|$)/.test(path)) return path;
  const kept: string[] = [];
  const segments = path.split('/').slice(1);
  for (const segment of segments) {
    if (segment === '..') kept.pop();
    else if (segment !== '.') kept.push(segment);
  }
  const isFolder = ['.', '..'].includes(segments.at(-1) ?? '');
  return `/${kept.join('/')}${isFolder && kept.length > 0 ? '/' : ''}`;
}
