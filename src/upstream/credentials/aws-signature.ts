import { createHmac, hash } from 'node:crypto';
import { encodeOctet } from '../../lib/percent-encode.ts';

/** Who signs, and for what. */
export interface AwsScope {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly region: string;
  /** The service's name in a signature: `s3`, `execute-api`, `bedrock`. */
  readonly service: string;
}

/** A request as it is signed. */
export interface SignedRequest {
  readonly method: string;
  /** Path and query as they are sent. */
  readonly path: string;
  /** The fields that are signed, names and values by turns; `x-amz-date` and `host` among them. */
  readonly headers: readonly string[];
  /** SHA-256 of the body in hex, or `UNSIGNED-PAYLOAD`. */
  readonly payloadHash: string;
}

/** Of no body. */
export const EMPTY_HASH = hash('sha256', '');

/** The value of `x-amz-date` at a time: `20150830T123600Z`. */
export function amzDate(nowMs: number): string {
  return `${new Date(nowMs).toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`;
}

/**
 * The `Authorization` of AWS Signature Version 4 (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html).
 *
 * @param signingKey makes the key of a day; see `createSigningKeys`.
 */
export function signAws(request: SignedRequest, scope: AwsScope, signingKey: (day: string) => Buffer): string {
  const fields = canonicalFields(request.headers);
  const date = fields.find(([name]) => name === 'x-amz-date')?.[1] ?? '';
  const day = date.slice(0, 8);
  const names = fields.map(([name]) => name).join(';');
  const scoped = `${day}/${scope.region}/${scope.service}/aws4_request`;
  const digest = hash('sha256', canonicalRequest(request, fields, scope.service));
  const text = `AWS4-HMAC-SHA256\n${date}\n${scoped}\n${digest}`;
  const signature = createHmac('sha256', signingKey(day)).update(text).digest('hex');
  return `AWS4-HMAC-SHA256 Credential=${scope.accessKeyId}/${scoped}, SignedHeaders=${names}, Signature=${signature}`;
}

/** Derives the key of each day once: four HMACs. */
export function createSigningKeys({ secretAccessKey, region, service }: AwsScope): (day: string) => Buffer {
  let last: { readonly day: string; readonly key: Buffer } | undefined;
  return (day) => {
    if (last?.day !== day) {
      const steps = [day, region, service, 'aws4_request'];
      const first: Buffer = Buffer.from(`AWS4${secretAccessKey}`);
      last = { day, key: steps.reduce((key, step) => createHmac('sha256', key).update(step).digest(), first) };
    }
    return last.key;
  };
}

type Fields = readonly (readonly [name: string, value: string])[];

function canonicalRequest({ method, path, payloadHash }: SignedRequest, fields: Fields, service: string): string {
  const mark = path.indexOf('?');
  const [plain, query] = mark === -1 ? [path, ''] : [path.slice(0, mark), path.slice(mark + 1)];
  const lines = fields.map(([name, value]) => `${name}:${value}\n`).join('');
  const names = fields.map(([name]) => name).join(';');
  return [method, canonicalPath(plain, service), canonicalQuery(query), lines, names, payloadHash].join('\n');
}

/** By name; the values of one that stands several times are a list, each without needless blanks. */
function canonicalFields(headers: readonly string[]): Fields {
  const values = new Map<string, string>();
  for (let i = 0; i < headers.length; i += 2) {
    const name = (headers[i] as string).toLowerCase();
    const value = (headers[i + 1] as string).trim().replace(/ +/g, ' ');
    const before = values.get(name);
    values.set(name, before === undefined ? value : `${before},${value}`);
  }
  return [...values].sort(([a], [b]) => compare(a, b));
}

/**
 * S3 takes a path as it is, each character encoded once: `a//b` is another key than `a/b`. Everywhere else the path is
 * brought to its shortest form, and what is sent (encoded already) is encoded once more.
 */
function canonicalPath(path: string, service: string): string {
  const segments = path.split('/');
  if (isS3(service)) return segments.map(recodeForm).join('/');
  const kept: string[] = [];
  for (const segment of segments) {
    if (segment === '..') kept.pop();
    else if (segment !== '' && segment !== '.') kept.push(encode(segment));
  }
  const endsOpen = kept.length > 0 && ['', '.', '..'].includes(segments.at(-1) ?? '');
  return `/${kept.join('/')}${endsOpen ? '/' : ''}`;
}

function isS3(service: string): boolean {
  return service.startsWith('s3');
}

/** Names and values encoded once, in the order of names, then of values. */
function canonicalQuery(query: string): string {
  const pairs = query.split('&').filter((pair) => pair !== '');
  return pairs
    .map((pair) => {
      const at = pair.indexOf('=');
      const [name, value] = at === -1 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)];
      return [recodeForm(name), recodeForm(value)] as const;
    })
    .sort(([a, x], [b, y]) => compare(a, b) || compare(x, y))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** Everything but what is unreserved, as UTF-8 in capital hex (RFC 3986, section 2.3). */
function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replace(/[!'()*]/g, encodeOctet);
}

/** AWS reads a plus as a blank, as forms do, and S3 in a path too. */
function recodeForm(text: string): string {
  return recode(text.replaceAll('+', ' '));
}

/** Decoded where it is encoded, and encoded anew in one form; byte by byte, so that what is no UTF-8 stays what it is. */
function recode(text: string): string {
  return text.replace(/%[\dA-Fa-f]{2}|[^A-Za-z0-9_.~-]/gu, (part) => {
    if (part.length !== 3 || !part.startsWith('%')) return encode(part);
    const char = String.fromCharCode(Number.parseInt(part.slice(1), 16));
    return /[A-Za-z0-9_.~-]/.test(char) ? char : part.toUpperCase();
  });
}
