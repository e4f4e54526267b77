import type { StoredConsumer, StoredKey } from './key-store.ts';

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

const HEADINGS = ['CONSUMER', 'KEY', 'PLAN', 'EXPIRES', 'STATE', 'LAST USED'];

export function renderKeyTable(
  consumers: readonly StoredConsumer[],
  place: string,
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
  const table = [HEADINGS, ...rows];
  const widths = HEADINGS.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ');
  return table.map((row) => `${line(row).trimEnd()}\n`).join('');
}
