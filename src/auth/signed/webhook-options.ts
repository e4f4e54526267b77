import { z } from 'zod';
import { duration, offOr, oneOrMany } from '../../schema-values.ts';
import { fieldName } from '../scheme.ts';
import { findLooseEnd } from './cuts.ts';
import { PROVIDER_NAMES } from './webhook-form.ts';

const tolerance = duration({ min: '1s', max: '1h' });

const parts = z
  .strictObject({
    header: fieldName.describe('Field that carries the signature.'),
    prefix: z
      .string()
      .max(64)
      .default('')
      .describe('What stands before the signature there, `sha256=` for one. Default nothing.'),
    algorithm: z
      .enum(['sha1', 'sha256', 'sha384', 'sha512', 'ed25519'])
      .default('sha256')
      .describe('Hash of the HMAC, or ed25519 with the public key as the secret. Default sha256.'),
    encoding: z
      .enum(['hex', 'base64', 'base64url'])
      .default('hex')
      .describe('How the signature is written. Default hex.'),
    secretEncoding: z
      .enum(['text', 'hex', 'base64'])
      .default('text')
      .describe('How `webhookSecrets` stand for the bytes of the secret. Default text.'),
    signed: z
      .string()
      .max(256)
      .default('${body}')
      .describe(
        'What is signed: text with `${body}`, `${timestamp}`, `${id}`, `${method}` and `${url}` in it. Default `${body}`.',
      ),
    timestamp: z
      .strictObject({
        header: fieldName.describe('Field with the time of sending, since 1970.'),
        unit: z.enum(['s', 'ms']).default('s').describe('Seconds or milliseconds. Default s.'),
        tolerance: tolerance.prefault('5m').describe('How far that time may be from now. Default 5m.'),
      })
      .optional()
      .describe('The time that is signed with the body.'),
    id: z
      .strictObject({ header: fieldName.describe('Field with the ID of the message.') })
      .optional()
      .describe('The ID that is signed with the body.'),
  })
  .superRefine(({ signed, timestamp, id, header }, context) => {
    const fault = findFault(signed, timestamp !== undefined, id !== undefined);
    if (fault !== undefined) context.addIssue({ code: 'custom', path: ['signed'], message: fault });
    if (timestamp?.header === header || id?.header === header)
      context.addIssue({ code: 'custom', path: ['header'], message: 'one field can not be two things' });
  });

const KNOWN = new Set(['body', 'timestamp', 'id', 'method', 'url']);

function findFault(signed: string, hasTimestamp: boolean, hasId: boolean): string | undefined {
  const names = [...signed.matchAll(/\$\{(\w*)\}/g)].map(([, name = '']) => name);
  const unknown = names.find((name) => !KNOWN.has(name));
  if (unknown !== undefined) return `knows no \${${unknown}}: there are \${${[...KNOWN].join('}, ${')}}`;
  if (names.filter((name) => name === 'body').length !== 1) return 'needs ${body}, once: else anybody could change it';
  if (hasTimestamp !== names.includes('timestamp'))
    return hasTimestamp
      ? 'has no ${timestamp}: a time that is not signed can be written anew, and keeps nobody from a repetition'
      : 'has ${timestamp}, and "timestamp" does not say where it is';
  if (hasId !== names.includes('id'))
    return hasId ? 'has no ${id}: one that is not signed says nothing' : 'has ${id}, and "id" does not say where it is';
  const loose = findLooseEnd(signed);
  if (loose === undefined) return undefined;
  const hint =
    loose === 'url'
      ? 'write the URL itself in its place, or a line break beside it'
      : 'put a text beside it that it can not hold, ":" for one';
  return `does not show where \${${loose}} ends, so that one signature would fit several messages: ${hint}`;
}

/** What a route says of the webhooks that it takes. */
export const webhookOptions = z
  .strictObject({
    provider: z.enum(PROVIDER_NAMES).optional().describe('Who sends, where it is one that is known by name.'),
    parts: parts.optional().describe('How the signature is made, for any other provider.'),
    consumers: oneOrMany(z.string().min(1)).describe('Consumers by whose `webhookSecrets` it may be signed.'),
    tolerance: tolerance.optional().describe('How far the signed time may be from now. Default 5m.'),
    replay: offOr(duration({ min: '1s', max: '7d' }))
      .optional()
      .describe(
        'How long a message is remembered where no time is signed (GitHub), so that it passes once; "off" lets copies pass. Default 1h.',
      ),
    withoutRedis: z
      .enum(['local', 'refuse'])
      .default('local')
      .describe(
        'While Redis does not answer: each gateway knows the messages that it had itself (local, the default), or none passes (503).',
      ),
  })
  .superRefine(({ provider, parts: own, tolerance: length, replay, consumers }, context) => {
    if ((provider === undefined) === (own === undefined))
      context.addIssue({ code: 'custom', message: 'needs either "provider" or "parts"' });
    if (own !== undefined && length !== undefined)
      context.addIssue({ code: 'custom', path: ['tolerance'], message: 'stands in "parts", below "timestamp"' });
    const signsTime = own === undefined ? provider !== 'github' : own.timestamp !== undefined;
    if (signsTime && replay !== undefined)
      context.addIssue({
        code: 'custom',
        path: ['replay'],
        message: 'counts where no time is signed: here the tolerance says it',
      });
    if (provider === 'github' && length !== undefined)
      context.addIssue({
        code: 'custom',
        path: ['tolerance'],
        message: 'counts where a time is signed, and GitHub signs none',
      });
    if (consumers.length > 16) context.addIssue({ code: 'custom', path: ['consumers'], message: 'takes 16 at most' });
  });

export type WebhookOptions = z.output<typeof webhookOptions>;
