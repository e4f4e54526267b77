import type { MetadataMap } from '../auth/caller-facts.ts';
import type { StoredConsumer, StoredKey } from '../auth/stored-consumer.ts';
import type { KeyStore } from './key-store.ts';

const ONCE = 'It is shown this once: keep it in a safe place.';

export function renderNewKey(place: string, consumer: string, secret: string, key: StoredKey): string {
  const until = key.expiresAt === undefined ? 'without an end' : `until ${key.expiresAt}`;
  const scopes = key.scopes === undefined ? '' : ` with the scopes ${key.scopes.join(', ') || '(none)'}`;
  return `${secret}\n\nKey ${key.id} of consumer "${consumer}"${scopes}, ${until}; its hash is in ${place}.\n${ONCE} Send it as X-API-Key.\n`;
}

/** Without the password where it was chosen: whoever chose it knows it. */
export function renderNewPassword(place: string, consumer: string, password: string | undefined): string {
  const stored = `Password of consumer "${consumer}"; its scrypt hash is in ${place}.\n`;
  const send = 'Send it with Authorization: Basic.\n';
  return password === undefined ? `${stored}${send}` : `${password}\n\n${stored}${ONCE} ${send}`;
}

/** When each key that a new one takes the place of ends; those that end before `end` are left as they were. */
export function renderEnds(keys: readonly StoredKey[], end: string): string {
  return keys
    .map(({ id, expiresAt }) => `Key ${id} ends at ${expiresAt}${expiresAt === end ? '' : ', as before'}.\n`)
    .join('');
}

/** What of an existing consumer, and so of all its keys, is another now; empty where nothing is. */
export function renderChange(before: StoredConsumer | undefined, after: StoredConsumer): string {
  if (before === undefined) return '';
  const say = (what: string, was: string | undefined, is: string | undefined) =>
    was === is
      ? ''
      : `The ${what} of consumer "${after.name}" now: ${is ?? 'none'}, in place of ${was ?? 'none'}; for all of its keys.\n`;
  const list = (what: 'groups' | 'roles' | 'scopes') =>
    say(what, [before[what] ?? []].flat().join(', ') || undefined, [after[what] ?? []].flat().join(', ') || undefined);
  const told = (metadata: MetadataMap = {}) =>
    Object.entries(metadata)
      .map((pair) => pair.join('='))
      .join(', ') || undefined;
  const lists = list('groups') + list('roles') + list('scopes');
  return say('plan', before.plan, after.plan) + lists + say('metadata', told(before.metadata), told(after.metadata));
}

const HEADINGS = ['CONSUMER', 'KEY', 'PLAN', 'EXPIRES', 'STATE'];

export function renderKeyTable(
  consumers: readonly StoredConsumer[],
  { place, keepsTimes }: Pick<KeyStore, 'place' | 'keepsTimes'>,
  isLive: (key: StoredKey) => boolean,
): string {
  const all = consumers.flatMap((consumer) => (consumer.keys ?? []).map((key) => ({ consumer, key })));
  if (all.length === 0) return `no keys in ${place}\n`;
  const more: readonly (readonly [string, (key: StoredKey) => string | undefined])[] = [
    ...(keepsTimes ? [['LAST USED', lastUse] as const] : []),
    ...(all.some(({ key }) => key.scopes !== undefined) ? [['SCOPES', scopesOf] as const] : []),
  ];
  const rows = all.map(({ consumer, key }) => [
    consumer.name,
    key.id,
    consumer.plan ?? '-',
    key.expiresAt ?? 'never',
    isLive(key) ? 'valid' : 'expired',
    ...more.map(([, tell]) => tell(key) ?? '-'),
  ]);
  const headings = [...HEADINGS, ...more.map(([heading]) => heading)];
  const table = [headings, ...rows];
  const widths = headings.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ');
  return table.map((row) => `${line(row).trimEnd()}\n`).join('');
}

function lastUse({ usedAtMs }: StoredKey): string | undefined {
  return usedAtMs === undefined ? undefined : new Date(usedAtMs).toISOString();
}

function scopesOf({ scopes }: StoredKey): string | undefined {
  return scopes && (scopes.join(',') || '(none)');
}
