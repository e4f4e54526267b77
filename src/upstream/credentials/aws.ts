import { hash } from 'node:crypto';
import type { Clock } from '../../lib/clock.ts';
import { amzDate, createSigningKeys, EMPTY_HASH, signAws } from './aws-signature.ts';
import type { CredentialPart } from './credential.ts';
import { AWS_FIELDS, type AwsOptions } from './options.ts';

const UNSIGNED = 'UNSIGNED-PAYLOAD';
/** AWS takes no signature that is older or newer than five to fifteen minutes. */
const NOTICED_SKEW_MS = 60_000;
const MAX_SKEW_MS = 24 * 60 * 60 * 1000;
/** What a service refuses a signature with: 403, and 400 where it speaks JSON. */
const REFUSALS: ReadonlySet<number> = new Set([400, 401, 403]);

/**
 * AWS Signature 4, made for each attempt out of what is sent to its target. Signed are Host, Content-Type and all
 * `x-amz-` fields: the others may be changed on the way, and AWS does not ask for them.
 */
export function awsSignature(options: AwsOptions, clock: Clock): CredentialPart {
  const { sessionToken, payload } = options;
  const signingKey = createSigningKeys(options);
  let skewMs = 0;

  return {
    kind: 'aws',
    fields: AWS_FIELDS,
    readsBody: payload === 'signed',
    add(fields, { method, path, host, body }) {
      const payloadHash = payload === 'unsigned' ? UNSIGNED : hashOf(body);
      fields.push('x-amz-date', amzDate(clock.now() + skewMs), 'x-amz-content-sha256', payloadHash);
      if (sessionToken !== undefined) fields.push('x-amz-security-token', sessionToken);
      const headers = ['host', host, ...fieldsToSign(fields)];
      fields.push('authorization', signAws({ method, path, headers, payloadHash }, options, signingKey));
      return undefined;
    },
    hear(_fields, status, { date }) {
      if (!REFUSALS.has(status) || typeof date !== 'string') return false;
      const itsSkewMs = Date.parse(date) - clock.now();
      if (!(Math.abs(itsSkewMs - skewMs) > NOTICED_SKEW_MS && Math.abs(itsSkewMs) < MAX_SKEW_MS)) return false;
      // One of the two clocks is wrong, and it is the service's that counts.
      skewMs = itsSkewMs;
      return true;
    },
  };
}

function hashOf(body: Buffer | undefined): string {
  return body === undefined || body.length === 0 ? EMPTY_HASH : hash('sha256', body);
}

function fieldsToSign(fields: readonly string[]): string[] {
  const signed: string[] = [];
  for (let i = 0; i < fields.length; i += 2) {
    const name = (fields[i] as string).toLowerCase();
    if (name.startsWith('x-amz-') || name === 'content-type') signed.push(name, fields[i + 1] as string);
  }
  return signed;
}
