import type { RequestContext } from '../../context.ts';
import { REDACTED } from '../../lib/redact.ts';
import type { AnswerFields } from '../../sink.ts';

/** One attempt as it would be sent without a credential, after every edit. */
export interface Outgoing {
  /** The request that it is made for: a credential may tell who calls. */
  readonly context: RequestContext;
  readonly method: string;
  /** Path and query on the target, its own path included. */
  readonly path: string;
  /** Host as the target is told it. */
  readonly host: string;
  /** All of the body where the credential reads it; undefined where there is none. */
  readonly body: Buffer | undefined;
}

/** One kind of proof: see fixed-header.ts, access-token.ts, aws.ts and caller-token.ts. */
export interface CredentialPart {
  /** Its key in `serviceAuth`. */
  readonly kind: string;
  /** Lower-case names of the fields that it writes; those of others, the client's among them, never pass beside. */
  readonly fields: readonly string[];
  /** True where it must know the whole body. */
  readonly readsBody?: boolean;
  /**
   * Adds its fields to names and values by turns; a promise where something must be fetched first. Throws or rejects with
   * `credential_unavailable` (503) where it can't be had: nothing is sent without it.
   */
  add(fields: string[], request: Outgoing): Promise<void> | undefined;
  /** The service has answered what was sent with these fields. True where the next attempt would prove itself better. */
  hear?(fields: readonly string[], status: number, headers: AnswerFields): boolean;
}

/** What proves the gateway to one service, and perhaps the caller too. */
export interface ServiceCredential {
  /** For people: its kinds and the fields that they write, never a value. */
  readonly title: string;
  /** Lower-case names of the fields that it writes. */
  readonly fields: readonly string[];
  /** True where it must know the whole body: whoever sends reads it before anything else. */
  readonly readsBody: boolean;
  /**
   * A copy of these fields with what proves the gateway in it, in place of all that have the same names. A promise
   * where something must be fetched first; throws or rejects with `credential_unavailable` (503).
   */
  prove(fields: readonly string[], request: Outgoing): string[] | Promise<string[]>;
  /** The same for people, with a mark in place of each value: nothing is fetched or signed. */
  standIn(fields: readonly string[]): string[];
  /** See `CredentialPart.hear`. */
  hear(fields: readonly string[], status: number, headers: AnswerFields): boolean;
}

/** Several kinds as one; each sees what those before it have added, so that what signs stands last. */
export function combineParts(parts: readonly CredentialPart[]): ServiceCredential {
  const fields = [...new Set(parts.flatMap((part) => part.fields))];
  const written = new Set(fields);
  return {
    title: parts.map(({ kind, fields: its }) => `${kind} in ${its.join(', ')}`).join('; '),
    fields,
    readsBody: parts.some(({ readsBody }) => readsBody === true),
    prove(sent, request) {
      const proven = withoutFields(sent, written);
      for (let i = 0; i < parts.length; i += 1) {
        const waiting = (parts[i] as CredentialPart).add(proven, request);
        if (waiting !== undefined) return addRest(waiting, parts.slice(i + 1), proven, request);
      }
      return proven;
    },
    standIn: (sent) => [...withoutFields(sent, written), ...fields.flatMap((name) => [name, REDACTED])],
    hear(sent, status, headers) {
      let isWorthAnother = false;
      for (const part of parts) if (part.hear?.(sent, status, headers) === true) isWorthAnother = true;
      return isWorthAnother;
    },
  };
}

async function addRest(
  waiting: Promise<void>,
  rest: readonly CredentialPart[],
  proven: string[],
  request: Outgoing,
): Promise<string[]> {
  await waiting;
  for (const part of rest) await part.add(proven, request);
  return proven;
}

function withoutFields(fields: readonly string[], names: ReadonlySet<string>): string[] {
  const kept: string[] = [];
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i] as string;
    if (!names.has(name.toLowerCase())) kept.push(name, fields[i + 1] as string);
  }
  return kept;
}

/** The value of a field in names and values by turns; undefined where it is missing. */
export function fieldOf(fields: readonly string[], lowerName: string): string | undefined {
  for (let i = 0; i < fields.length; i += 2)
    if ((fields[i] as string).toLowerCase() === lowerName) return fields[i + 1] as string;
  return undefined;
}
