import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

/** A request as it stands on a command line of curl. */
export interface CurlRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, readonly string[]>>;
  readonly body: string | undefined;
}

/** Options of curl that take a value: those that shape the request, and those that a gateway sees nothing of. */
const VALUED =
  'X:request H:header d:data u:user A:user-agent e:referer b:cookie r:range data-raw data-binary data-ascii data-urlencode json url oauth2-bearer o:output w:write-out m:max-time x:proxy c:cookie-jar D:dump-header connect-timeout resolve cacert cert key retry retry-delay limit-rate interface max-redirs connect-to noproxy U:proxy-user ciphers E:cert-file tls-max unix-socket speed-time speed-limit F:form T:upload-file K:config';
const FLAGS = 'G:get I:head';

const OPTIONS = { ...describe(VALUED, 'string'), ...describe(FLAGS, 'boolean') };

function describe<T extends 'string' | 'boolean'>(words: string, type: T) {
  const entries = words.split(' ').map((word) => {
    const [name = '', short] = word.split(':').reverse();
    return [name, { type, multiple: true, ...(short !== undefined && { short }) }];
  });
  return Object.fromEntries(entries) as Record<string, { type: T; multiple: true; short?: string }>;
}

/** What can't be told from the words alone. */
const REFUSED: ReadonlyMap<string, string> = new Map([
  ['form', 'a form is made by curl itself'],
  ['upload-file', 'a file that is uploaded is not read'],
  ['config', 'a file of options is not read'],
]);

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
    options: OPTIONS,
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
  readonly #headers = new Map<string, string[]>();
  readonly #data: string[] = [];
  #method: string | undefined;
  #url: string | undefined;
  #isGet = false;
  #isJson = false;
  readonly #read: ReadFile;

  constructor(read: ReadFile) {
    this.#read = read;
  }

  take(name: string, value = ''): void {
    const why = REFUSED.get(name);
    if (why !== undefined) throw new Error(`--${name}: ${why}`);
    const field = FIELD_OF.get(name);
    if (field !== undefined) this.#add(field, fieldValue(name, value));
    else if (name === 'data' || name === 'json' || name.startsWith('data-')) this.#takeData(name, value);
    else if (name === 'header') this.#takeHeader(value);
    else if (name === 'request') this.#method = value;
    else if (name === 'get') this.#isGet = true;
    else if (name === 'head') this.#method ??= 'HEAD';
    else if (name === 'url') this.#takeUrl(value);
  }

  get request(): CurlRequest {
    if (this.#url === undefined) throw new Error('there is no URL');
    const data = this.#data.length === 0 ? undefined : this.#data.join(this.#isJson ? '' : '&');
    const body = this.#isGet ? undefined : data;
    if (body !== undefined) {
      this.#setDefault('content-type', this.#isJson ? 'application/json' : 'application/x-www-form-urlencoded');
    }
    this.#setDefault('accept', this.#isJson ? 'application/json' : '*/*');
    const more = this.#isGet && data !== undefined ? `${this.#url.includes('?') ? '&' : '?'}${data}` : '';
    return {
      method: this.#method ?? (body === undefined ? 'GET' : 'POST'),
      url: withScheme(this.#url + more),
      headers: Object.fromEntries(this.#headers),
      body,
    };
  }

  #takeUrl(value: string): void {
    if (this.#url !== undefined) throw new Error(`one URL at a time: ${this.#url}, ${value}`);
    this.#url = value;
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
    if (colon <= 0) throw new Error(`-H "${text}" is no field: write "Name: value"`);
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
  return name === 'range' ? `bytes=${value}` : value;
}

function encodeData(value: string): string {
  const end = value.indexOf('=') + 1;
  return value.slice(0, end) + encodeURIComponent(value.slice(end));
}

/** A path, or a URL whose scheme curl would have guessed. */
function withScheme(url: string): string {
  return url.startsWith('/') || /^https?:\/\//i.test(url) ? url : `http://${url}`;
}
