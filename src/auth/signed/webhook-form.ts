import type { SecretCoding } from './webhook-key.ts';

/** A piece of what is signed: a text, or what stands for it in a request. */
export type SignedPiece = { readonly text: string } | { readonly value: SignedValue };
type SignedValue = 'body' | 'timestamp' | 'id' | 'method' | 'url';

/** A signature as it was sent. */
export interface SentSignature {
  readonly kind: 'hmac' | 'ed25519';
  readonly bytes: Buffer;
}

/** What a field says; the time where it stands there too. */
export interface SentSignatures {
  readonly signatures: readonly SentSignature[];
  readonly timestamp?: string;
}

/** How one provider signs what it sends. */
export interface WebhookForm {
  /** Field that carries the signature. */
  readonly header: string;
  /** The word before a signature that comes in `Authorization`; `*` where there is none. */
  readonly word: string;
  /** Other fields that would be a credential of the same secret. */
  readonly alsoCredentials: readonly string[];
  readonly algorithm: 'sha1' | 'sha256' | 'sha384' | 'sha512';
  readonly coding: SecretCoding;
  readonly pieces: readonly SignedPiece[];
  /** Undefined where no time is signed; a `header` that is undefined: it stands beside the signature. */
  readonly timestamp:
    | { readonly header: string | undefined; readonly unitMs: 1 | 1000; readonly toleranceMs: number }
    | undefined;
  readonly idHeader: string | undefined;
  /** Undefined for what is no signature of this provider. */
  read(field: string): SentSignatures | undefined;
}

/** More than a rotation ever needs; each is compared with each secret. */
const MAX_SIGNATURES = 8;
const MAX_FIELD_CHARS = 4096;
const DEFAULT_TOLERANCE_MS = 300_000;

export const PROVIDER_NAMES = ['github', 'stripe', 'slack', 'standard-webhooks'] as const;
export type ProviderName = (typeof PROVIDER_NAMES)[number];

/** The form of a provider that is known by name. */
export function formOf(provider: ProviderName, toleranceMs = DEFAULT_TOLERANCE_MS): WebhookForm {
  const base = { alsoCredentials: [], algorithm: 'sha256', coding: 'text', idHeader: undefined, word: '*' } as const;
  switch (provider) {
    case 'github':
      return {
        ...base,
        header: 'x-hub-signature-256',
        // The same secret signs the older field by SHA-1.
        alsoCredentials: ['x-hub-signature'],
        pieces: parsePieces('${body}'),
        timestamp: undefined,
        read: createSingleReader('sha256=', 'hex', 'hmac'),
      };
    case 'slack':
      return {
        ...base,
        header: 'x-slack-signature',
        pieces: parsePieces('v0:${timestamp}:${body}'),
        timestamp: { header: 'x-slack-request-timestamp', unitMs: 1000, toleranceMs },
        read: createSingleReader('v0=', 'hex', 'hmac'),
      };
    case 'stripe':
      return {
        ...base,
        header: 'stripe-signature',
        pieces: parsePieces('${timestamp}.${body}'),
        timestamp: { header: undefined, unitMs: 1000, toleranceMs },
        read: readStripe,
      };
    case 'standard-webhooks':
      return {
        ...base,
        header: 'webhook-signature',
        coding: 'standard-webhooks',
        pieces: parsePieces('${id}.${timestamp}.${body}'),
        timestamp: { header: 'webhook-timestamp', unitMs: 1000, toleranceMs },
        idHeader: 'webhook-id',
        read: readStandard,
      };
  }
}

/** `v0:${timestamp}:${body}` in pieces. */
export function parsePieces(template: string): readonly SignedPiece[] {
  return template
    .split(/(\$\{\w+\})/)
    .filter((piece) => piece !== '')
    .map((piece) => {
      const [, value] = /^\$\{(\w+)\}$/.exec(piece) ?? [];
      return value === undefined ? { text: piece } : { value: value as SignedValue };
    });
}

type Encoding = 'hex' | 'base64' | 'base64url';

/** Makes what reads a field that is one signature behind a prefix. */
export function createSingleReader(prefix: string, encoding: Encoding, kind: SentSignature['kind']) {
  return function readSingle(field: string): SentSignatures | undefined {
    if (field.length > MAX_FIELD_CHARS || !field.startsWith(prefix)) return undefined;
    const bytes = decode(field.slice(prefix.length), encoding);
    return bytes && { signatures: [{ kind, bytes }] };
  };
}

const WRITTEN: Readonly<Record<Encoding, RegExp>> = {
  hex: /^(?:[0-9a-f]{2})+$/i,
  base64: /^[A-Za-z0-9+/]+={0,2}$/,
  base64url: /^[A-Za-z0-9_-]+={0,2}$/,
};

function decode(text: string, encoding: Encoding): Buffer | undefined {
  return WRITTEN[encoding].test(text) ? Buffer.from(text, encoding) : undefined;
}

/** `t=1492774577,v1=…,v1=…,v0=…`: v1 alone counts, several while a secret is rolled (docs.stripe.com/webhooks). */
function readStripe(field: string): SentSignatures | undefined {
  if (field.length > MAX_FIELD_CHARS) return undefined;
  const pairs = field.split(',').map((pair) => pair.trim());
  const times = pairs.filter((pair) => pair.startsWith('t='));
  const signatures = decodeAll(
    pairs.filter((pair) => pair.startsWith('v1=')).map((pair) => ({ kind: 'hmac', written: pair.slice(3) })),
    'hex',
  );
  // Two times: one of them could be signed and the other one looked at.
  if (signatures === undefined || times.length !== 1) return undefined;
  return { signatures, timestamp: (times[0] as string).slice(2) };
}

/** `v1,BASE64 v1a,BASE64`, of which those of other versions are left out (Standard Webhooks, "Signature scheme"). */
function readStandard(field: string): SentSignatures | undefined {
  if (field.length > MAX_FIELD_CHARS) return undefined;
  const written = field.split(' ').flatMap((one) => {
    const [version = '', ...rest] = one.split(',');
    const kind = STANDARD_KINDS.get(version);
    return kind === undefined ? [] : [{ kind, written: rest.join(',') }];
  });
  const signatures = decodeAll(written, 'base64');
  return signatures && { signatures };
}

const STANDARD_KINDS: ReadonlyMap<string, SentSignature['kind']> = new Map([
  ['v1', 'hmac'],
  ['v1a', 'ed25519'],
]);

/** Undefined where there is none, one is malformed, or there are more than anybody needs. */
function decodeAll(
  list: readonly { readonly kind: SentSignature['kind']; readonly written: string }[],
  encoding: Encoding,
): SentSignature[] | undefined {
  if (list.length === 0 || list.length > MAX_SIGNATURES) return undefined;
  const signatures: SentSignature[] = [];
  for (const { kind, written } of list) {
    const bytes = decode(written, encoding);
    if (bytes === undefined) return undefined;
    signatures.push({ kind, bytes });
  }
  return signatures;
}
