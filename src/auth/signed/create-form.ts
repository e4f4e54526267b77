import { createSingleReader, formOf, parsePieces, type WebhookForm } from './webhook-form.ts';
import type { WebhookOptions } from './webhook-options.ts';

/** How what a route takes is signed. */
export function createForm({ provider, parts, tolerance }: WebhookOptions): WebhookForm {
  if (provider !== undefined) return formOf(provider, tolerance);
  if (parts === undefined) throw new Error('a webhook has neither a provider nor parts');
  const { header, prefix, algorithm, encoding, secretEncoding, signed, timestamp, id } = parts;
  const isKey = algorithm === 'ed25519';
  return {
    header,
    word: prefix.trim().toLowerCase() || '*',
    alsoCredentials: [],
    algorithm: isKey ? 'sha512' : algorithm,
    coding: isKey ? 'ed25519' : secretEncoding,
    pieces: parsePieces(signed),
    timestamp: timestamp && {
      header: timestamp.header,
      unitMs: timestamp.unit === 's' ? 1000 : 1,
      toleranceMs: timestamp.tolerance,
    },
    idHeader: id?.header,
    read: createSingleReader(prefix, encoding, isKey ? 'ed25519' : 'hmac'),
  };
}
