import type { KeyStore, StoredConsumer, StoredKey } from './key-store.ts';

const ONCE = 'It is shown this once: keep it in a safe place.';

export function renderNewKey(place: string, consumer: string, secret: string, key: StoredKey): string {
  const until = key.expiresAt === undefined ? 'without an end' : `until ${key.expiresAt}`;
  return `${secret}\n\nKey ${key.id} of consumer "${consumer}", ${until}; its hash is in ${place}.\n${ONCE} Send it as X-API-Key.\n`;
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
      : `The ${what} of consumer "${after.name}" now: ${is}, in place of ${was ?? 'none'}; for all of its keys.\n`;
  return say('plan', before.plan, after.plan) + say('roles', before.roles?.join(', '), after.roles?.join(', '));
}

const HEADINGS = ['CONSUMER', 'KEY', 'PLAN', 'EXPIRES', 'STATE', 'LAST USED'];

export function renderKeyTable(
  consumers: readonly StoredConsumer[],
  { place, knowsUses }: Pick<KeyStore, 'place' | 'knowsUses'>,
  isLive: (key: StoredKey) => boolean,
): string {
  const rows = consumers.flatMap(({ name, plan, keys = [] }) =>
    keys.map((key) => [
      name,
      key.id,
      plan ?? '-',
      key.expiresAt ?? 'never',
      isLive(key) ? 'valid' : 'expired',
      key.usedAtMs === undefined ? '-' : new Date(key.usedAtMs).toISOString(),
    ]),
  );
  if (rows.length === 0) return `no keys in ${place}\n`;
  const headings = knowsUses ? HEADINGS : HEADINGS.slice(0, -1);
  const table = [headings, ...rows.map((row) => row.slice(0, headings.length))];
  const widths = headings.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ');
  return table.map((row) => `${line(row).trimEnd()}\n`).join('');
}
