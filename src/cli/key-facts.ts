import { metadataMap, scopeList } from '../auth/caller-facts.ts';
import type { StoredConsumer } from '../auth/stored-consumer.ts';
import { findNearest } from '../nearest-word.ts';
import type { KeyPlace } from './key-place.ts';
import { KeyStoreError } from './key-store.ts';

/** What is said of a consumer on the command line. */
export interface FactOptions {
  readonly plan?: string | undefined;
  readonly roles?: string | undefined;
  readonly groups?: string | undefined;
  readonly 'consumer-scopes'?: string | undefined;
  readonly metadata?: readonly string[] | undefined;
}

/** The consumer with what is said of it; what is not said stays. Throws a KeyStoreError. */
export function withFacts(name: string, before: StoredConsumer | undefined, options: FactOptions): StoredConsumer {
  const { plan = before?.plan } = options;
  const roles = splitList(options.roles) ?? before?.roles;
  const groups = splitList(options.groups) ?? before?.groups;
  const scopes = readScopes('consumer-scopes', options['consumer-scopes']) ?? before?.scopes;
  const metadata = readMetadata('metadata', options.metadata) ?? before?.metadata;
  return {
    ...before,
    name,
    ...(plan && { plan }),
    ...(groups && { groups }),
    ...(roles && { roles }),
    ...(scopes && { scopes }),
    ...(metadata && { metadata }),
  };
}

export function splitList(text: string | undefined): readonly string[] | undefined {
  return text
    ?.split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

export function readScopes(option: string, text: string | undefined): readonly string[] | undefined {
  const scopes = splitList(text);
  if (scopes !== undefined && !scopeList.safeParse(scopes).success)
    throw new KeyStoreError(`--${option} takes names of visible ASCII without quotes, with commas between`);
  return scopes;
}

export function readMetadata(option: string, pairs: readonly string[] | undefined): Record<string, string> | undefined {
  if (pairs === undefined) return undefined;
  const split = pairs.map((pair) => /^([^=]+)=(.*)$/s.exec(pair)?.slice(1) ?? ['', '']);
  // The schema leaves this one out without a word.
  if (split.some(([name]) => name === '__proto__')) throw new KeyStoreError(`--${option} can't name "__proto__"`);
  const read = metadataMap.safeParse(Object.fromEntries(split));
  if (read.success) return read.data;
  const [{ message } = { message: '' }] = read.error.issues;
  throw new KeyStoreError(`--${option} takes NAME=VALUE, once for each (${message})`);
}

type Known = Pick<KeyPlace, 'plans' | 'groups' | 'isPart'>;

/** Refuses what the file does not have, as the gateway would refuse the file. */
export function checkNames({ plan, groups }: FactOptions, { plans, groups: known, isPart }: Known): void {
  if (isPart) return;
  if (plan !== undefined && plans !== undefined) checkName('plan', plan, plans);
  for (const name of splitList(groups) ?? []) if (known !== undefined) checkName('group', name, new Set(known.keys()));
}

function checkName(kind: string, name: string, known: ReadonlySet<string>): void {
  if (known.has(name)) return;
  const nearest = findNearest(name, [...known]);
  const all = [...known].map((one) => `"${one}"`).join(', ');
  const hint = nearest === undefined ? `there are ${all || 'none in the file'}` : `did you mean "${nearest}"?`;
  throw new KeyStoreError(`there is no ${kind} "${name}": ${hint}`);
}

/** Refuses scopes of a key that its consumer does not have, where all of those can be known here. */
export function checkScopes(scopes: readonly string[] | undefined, owner: StoredConsumer, { groups }: Known): void {
  // In a file one group may stand without a list around it.
  const mine = [owner.groups ?? []].flat();
  const unknown = mine.filter((name) => groups?.get(name) === undefined);
  if (scopes === undefined || unknown.length > 0) return;
  const held = [...(owner.scopes ?? []), ...mine.flatMap((name) => groups?.get(name)?.scopes ?? [])];
  const missing = scopes.filter((scope) => !held.includes(scope));
  if (missing.length === 0) return;
  const has = held.length === 0 ? 'has none' : `has ${held.join(', ')}`;
  const mend = 'give it more by --consumer-scopes, or by a group';
  throw new KeyStoreError(`consumer "${owner.name}" does not have the scope ${missing.join(', ')}: it ${has}; ${mend}`);
}
