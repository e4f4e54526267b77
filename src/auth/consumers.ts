import { z } from 'zod';
import type { Report } from '../stage.ts';
import { isHashOfNothing } from './api-key-format.ts';
import { checkName } from './check-name.ts';
import { PASSWORD_HASH, parsePasswordHash } from './password.ts';
import { signatureKey } from './signed/signature-key.ts';

const key = z.strictObject({
  id: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,64}$/, 'expected letters, digits, ".", "_" or "-", at most 64')
    .describe('Names the key among those of its consumer, for rotation and revocation.'),
  sha256: z
    .string()
    .regex(/^[0-9a-fA-F]{64}$/, 'expected the SHA-256 of the key as 64 hex digits; `turnpike key create` makes one')
    .refine((hash) => !isHashOfNothing(hash), 'this is the hash of an empty text: was the variable with the key set?')
    .describe('SHA-256 of the key in hex; the key itself is stored nowhere.'),
  expiresAt: z.iso
    .datetime({ offset: true, error: 'expected a time such as "2027-01-01T00:00:00Z"' })
    .optional()
    .describe('When the key stops being accepted. Default: never.'),
});

const fingerprint = z
  .string()
  .regex(/^[0-9a-fA-F]{2}(?::?[0-9a-fA-F]{2}){31}$/, 'expected a SHA-256 fingerprint as 64 hex digits')
  .describe('SHA-256 fingerprint of the certificate: `openssl x509 -noout -fingerprint -sha256`.');

const client = z.strictObject({
  id: z.string().min(1).max(512).describe('What the issuer calls the client.'),
  issuer: z.string().min(1).optional().describe('Whose client it is. Needed where there is more than one issuer.'),
});

/** One row of `consumers`: an application that calls, and the keys it calls with. */
export const consumerRow = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._@-]{0,127}$/, 'expected letters, digits, ".", "_", "@" or "-", at most 128')
    .describe('Names the consumer in logs, limits and X-Consumer-Name.'),
  plan: z.string().min(1).optional().describe('Plan of the consumer; default: `defaultPlan`.'),
  roles: z.array(z.string().min(1).max(128)).default([]).describe('Roles for `authorize`.'),
  keys: z.array(key).default([]).describe('Hashed API keys; several at once allow a rotation with overlap.'),
  password: z
    .string()
    .regex(PASSWORD_HASH, 'expected a scrypt hash; `turnpike key create --password` makes one')
    .refine(isUsableHash, 'the scrypt hash takes more memory than a gateway can spare')
    .optional()
    .describe('scrypt hash of the password for `basic`; the user name is the name of the consumer.'),
  certificates: z
    .array(z.strictObject({ sha256: fingerprint }))
    .default([])
    .describe('Client certificates for `mtls`, by fingerprint.'),
  clients: z
    .array(client)
    .default([])
    .describe('Clients of issuers: their tokens (`azp`, `client_id`) are calls of this consumer.'),
  webhookSecrets: z
    .array(z.string().min(1))
    .max(8)
    .optional()
    .describe('Secrets that its webhooks are signed with, for `webhook`; several at once while one is renewed.'),
  signatureKeys: z
    .array(signatureKey)
    .max(100)
    .optional()
    .describe('Keys that it signs requests with, for `http-signature`; several at once while one is renewed.'),
});

function isUsableHash(text: string): boolean {
  try {
    return parsePasswordHash(text).hash.length > 0;
  } catch {
    return false;
  }
}

export type ConsumerRow = z.output<typeof consumerRow>;

/** The key of the file that several schemes share. */
export const consumersFileKeys = {
  consumers: z.array(consumerRow).default([]).describe('Applications that call, and the hashes of their credentials.'),
};

/** Reports names, ids, hashes and fingerprints that stand twice, and plans that the file doesn't have. */
export function checkConsumers(consumers: readonly ConsumerRow[], plans: readonly string[], report: Report): void {
  const names = new Set<string>();
  const owners = new Map<string, string>();
  consumers.forEach((consumer, row) => {
    if (names.has(consumer.name)) report(['consumers', row, 'name'], `consumer "${consumer.name}" stands twice`);
    names.add(consumer.name);
    checkName('plan', consumer.plan, plans, ['consumers', row, 'plan'], report);
    const ids = new Set<string>();
    consumer.keys.forEach((entry, index) => {
      const place = ['consumers', row, 'keys', index];
      if (ids.has(entry.id))
        report([...place, 'id'], `key id "${entry.id}" stands twice in consumer "${consumer.name}"`);
      ids.add(entry.id);
      const hash = entry.sha256.toLowerCase();
      const owner = owners.get(hash);
      if (owner !== undefined) report([...place, 'sha256'], `the same key belongs to consumer "${owner}" already`);
      owners.set(hash, consumer.name);
    });
  });
  checkCertificates(consumers, report);
}

function checkCertificates(consumers: readonly ConsumerRow[], report: Report): void {
  const owners = new Map<string, string>();
  for (const [row, { name, certificates }] of consumers.entries()) {
    for (const [index, { sha256 }] of certificates.entries()) {
      const fingerprint = normaliseFingerprint(sha256);
      const owner = owners.get(fingerprint);
      const place = ['consumers', row, 'certificates', index, 'sha256'];
      if (owner !== undefined) report(place, `the same certificate belongs to consumer "${owner}" already`);
      owners.set(fingerprint, name);
    }
  }
}

/** A fingerprint as it is compared: with or without colons, in either case, it is the same. */
export function normaliseFingerprint(fingerprint: string): string {
  return fingerprint.replaceAll(':', '').toLowerCase();
}
