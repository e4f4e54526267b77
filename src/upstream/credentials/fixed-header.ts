import type { CredentialPart } from './credential.ts';

/** Fields of the file, the same on every request: an API key of the service's, for one. */
export function fixedHeader(written: Readonly<Record<string, string>>): CredentialPart {
  const entries = Object.entries(written);
  return {
    kind: 'header',
    fields: entries.map(([name]) => name),
    add(fields) {
      for (const [name, value] of entries) fields.push(name, value);
      return undefined;
    },
  };
}
