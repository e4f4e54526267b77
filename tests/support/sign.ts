import { createHash, createHmac, type KeyObject, randomUUID, sign } from 'node:crypto';

/** A secret of `webhookSecrets`, and of `signatureKeys`. */
export const SIGNING_SECRET = 'a secret of the tests, which is 32 bytes and more';

type Fields = Record<string, string>;

export interface ToSign {
  readonly method?: string;
  /** The URL as the signer sees it. */
  readonly url: string;
  readonly headers?: Readonly<Fields>;
  readonly body?: string | Buffer;
  readonly keyid?: string;
  /** Default: HMAC with SIGNING_SECRET. */
  readonly key?: KeyObject;
  /** Default: @method, @target-uri, and content-digest where there is a body. */
  readonly components?: readonly string[];
  /** Behind the list of components; default: created now, and a new nonce. */
  readonly parameters?: string;
  readonly label?: string;
}

/** Signs a request by hand (RFC 9421), and answers all its fields. */
export function signRequest({
  method = 'GET',
  url,
  headers = {},
  body,
  keyid = 'k1',
  key,
  components = body === undefined ? ['@method', '@target-uri'] : ['@method', '@target-uri', 'content-digest'],
  parameters = `;created=${Math.floor(Date.now() / 1000)};nonce="${randomUUID()}"`,
  label = 'sig',
}: ToSign): Fields {
  const fields: Fields = { ...headers };
  if (body !== undefined)
    fields['content-digest'] ??= `sha-256=:${createHash('sha256').update(body).digest('base64')}:`;
  const { pathname, search, host, protocol } = new URL(url);
  const derived: Fields = {
    '@method': method,
    '@target-uri': url,
    '@authority': host,
    '@scheme': protocol.slice(0, -1),
    '@path': pathname,
    '@query': search === '' ? '?' : search,
  };
  const input = `(${components.map((name) => `"${name}"`).join(' ')})${parameters};keyid="${keyid}"`;
  const lines = components.map((name) => `"${name}": ${derived[name] ?? fields[name]}`);
  const base = [...lines, `"@signature-params": ${input}`].join('\n');
  const signature =
    key === undefined ? createHmac('sha256', SIGNING_SECRET).update(base).digest() : sign(null, Buffer.from(base), key);
  return {
    ...fields,
    'signature-input': `${label}=${input}`,
    signature: `${label}=:${signature.toString('base64')}:`,
  };
}

/** `X-Hub-Signature-256` of GitHub. */
export function signGitHub(body: string | Buffer, secret = SIGNING_SECRET): Fields {
  return { 'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}` };
}

/** `Stripe-Signature`, with one v1 for each secret. */
export function signStripe(
  body: string | Buffer,
  secrets: readonly string[] = [SIGNING_SECRET],
  atMs = Date.now(),
): Fields {
  const seconds = Math.floor(atMs / 1000);
  const signed = secrets.map((secret) => createHmac('sha256', secret).update(`${seconds}.`).update(body).digest('hex'));
  return { 'stripe-signature': [`t=${seconds}`, ...signed.map((hex) => `v1=${hex}`), 'v0=00ff'].join(',') };
}
