import { X509Certificate } from 'node:crypto';
import { z } from 'zod';
import type { RequestContext } from '../../context.ts';
import { RecentMap } from '../../lib/recent-map.ts';
import { identifyConsumer } from '../consumer-identity.ts';
import { type ConsumerRow, normaliseFingerprint } from '../consumers.ts';
import { type Identity, type Outcome, Refusal } from '../identity.ts';
import { defineScheme, fieldName } from '../scheme.ts';

const MAX_FIELD_CHARS = 16 * 1024;
const REMEMBERED = 1000;

const UNKNOWN = new Refusal('the client certificate is not known', { kind: 'unknown' });
const MALFORMED = new Refusal('the client certificate is malformed');
const DOUBLED = new Refusal('more than one client certificate was sent');
const EXPIRED = new Refusal('the client certificate is not valid now', { kind: 'expired_key' });

const options = z.strictObject({
  header: fieldName.describe(
    "Field in which a trusted load balancer sends the client's certificate. Default Client-Cert (RFC 9440).",
  ),
});

interface Certificate {
  readonly identity: Identity;
  readonly fromMs: number;
  readonly untilMs: number;
}

/** Finds the consumer of a client certificate by its SHA-256 fingerprint. */
class ClientCertificates {
  readonly #consumers = new Map<string, ConsumerRow>();
  readonly #remembered = new RecentMap<string, Certificate>(REMEMBERED);

  constructor(consumers: readonly ConsumerRow[]) {
    for (const consumer of consumers) {
      for (const { sha256 } of consumer.certificates) this.#consumers.set(normaliseFingerprint(sha256), consumer);
    }
  }

  get size(): number {
    return this.#consumers.size;
  }

  check(field: string, nowMs: number): Outcome {
    const known = this.#remembered.get(field) ?? this.#find(field);
    if (known instanceof Refusal) return known;
    return nowMs < known.fromMs || nowMs >= known.untilMs ? EXPIRED : known.identity;
  }

  #find(field: string): Certificate | Refusal {
    const certificate = readCertificate(field);
    if (certificate === undefined) return MALFORMED;
    const consumer = this.#consumers.get(normaliseFingerprint(certificate.fingerprint256));
    if (consumer === undefined) return UNKNOWN;
    const untilMs = certificate.validToDate.getTime();
    const identity = identifyConsumer('mtls', consumer, undefined, untilMs);
    const known = { identity, fromMs: certificate.validFromDate.getTime(), untilMs };
    this.#remembered.set(field, known, 1);
    return known;
  }
}

/** Three ways that load balancers write it: `:base64 of DER:` (RFC 9440), PEM with percent-encoding, and bare base64. */
function readCertificate(field: string): X509Certificate | undefined {
  if (field.length > MAX_FIELD_CHARS) return undefined;
  try {
    if (field.includes('BEGIN')) return new X509Certificate(decodeURIComponent(field));
    return new X509Certificate(Buffer.from(field.replace(/^:|:$/g, ''), 'base64'));
  } catch {
    // Whatever was sent, it is no certificate.
    return undefined;
  }
}

/**
 * Mutual TLS that ended at a load balancer, which verified the certificate and tells it in a header field. The field
 * counts only from a peer that TRUST_PROXY covers: anybody else could write it, and is treated as if they had not.
 */
export const mtlsScheme = defineScheme({
  name: 'mtls',
  options,
  bare: { header: 'client-cert' },
  isPeerProof: true,
  mayRepeat: true,
  challenge: 'ClientCertificate realm="turnpike"',
  credentialFields: ({ header }) => [header],
  isPossible: ({ consumers }) => consumers.some(({ certificates }) => certificates.length > 0),
  prepare: ({ consumers }) => new ClientCertificates(consumers),

  create({ header }, certificates) {
    return {
      authorizationWord: undefined,
      isConfigured: certificates.size > 0,
      check(context: RequestContext, nowMs: number) {
        const value = context.peerTrusted ? context.req.headers[header] : undefined;
        if (typeof value !== 'string' || value === '') return undefined;
        // Node joins a repeated field with ", ", which no spelling of a certificate holds; the first may be the client's own.
        return value.includes(',') ? DOUBLED : certificates.check(value, nowMs);
      },
    };
  },
});
