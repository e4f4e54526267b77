import { randomBytes } from 'node:crypto';
import { createApiKey, hashApiKey } from '../auth/api-key-format.ts';
import { hashPassword } from '../auth/password.ts';
import { findNearest } from '../nearest-word.ts';
import { isLive, lastEnd, readEnd, readTime } from './key-ends.ts';
import { renderChange, renderEnds, renderKeyTable, renderNewKey, renderNewPassword } from './key-output.ts';
import type { KeyPlace } from './key-place.ts';
import { KeyStoreError, type StoredConsumer, type StoredKey } from './key-store.ts';

export interface KeyOptions {
  readonly consumer?: string | undefined;
  readonly id?: string | undefined;
  readonly file?: string | undefined;
  readonly redis?: boolean | undefined;
  readonly expires?: string | undefined;
  readonly overlap?: string | undefined;
  readonly roles?: string | undefined;
  readonly plan?: string | undefined;
  readonly all?: boolean | undefined;
  readonly password?: boolean | undefined;
  /** Instead of a random one. */
  readonly chosenPassword?: string | undefined;
}

export interface KeyOutcome {
  readonly text: string;
  /** What a person needs to know where the text, and a secret with it, could not be shown. */
  readonly ifUnread?: string;
}

/** One command: what it prints on success. Throws a KeyStoreError. */
export type KeyAction = (place: KeyPlace, options: KeyOptions, nowMs: number) => Promise<KeyOutcome>;

export const KEY_ACTIONS: Readonly<Record<string, KeyAction>> = { create, list, rotate, revoke };
const DEFAULT_OVERLAP = '24h';

async function create({ store, plans }: KeyPlace, options: KeyOptions, nowMs: number): Promise<KeyOutcome> {
  const name = needConsumer(options);
  checkPlan(options.plan, plans);
  if (options.password) return createPassword(store, name, options);
  const expiresAt = readEnd(options.expires, nowMs);
  const secret = createApiKey();
  return store.change(name, (before, place) => {
    const keys = before?.keys ?? [];
    const key = makeKey(secret, keys, options.id, expiresAt);
    const after = { ...withFacts(name, before, options), keys: [...keys, key] };
    const told = tellNewKey(place, name, secret, key);
    return { after, result: { ...told, text: told.text + renderChange(before, after) } };
  });
}

async function createPassword(store: KeyPlace['store'], name: string, options: KeyOptions): Promise<KeyOutcome> {
  const password = options.chosenPassword ?? randomBytes(18).toString('base64url');
  // Before anything is locked: a slow hash is slow.
  const hash = await hashPassword(password);
  return store.change(name, (before, place) => {
    const after = { ...withFacts(name, before, options), password: hash };
    const told = renderNewPassword(place, name, options.chosenPassword === undefined ? password : undefined);
    const ifUnread = `the password of consumer "${name}" was set, but nobody read it: make another`;
    return { after, result: { text: told + renderChange(before, after), ifUnread } };
  });
}

function withFacts(name: string, before: StoredConsumer | undefined, options: KeyOptions): StoredConsumer {
  const roles = options.roles === undefined ? before?.roles : splitList(options.roles);
  const plan = options.plan ?? before?.plan;
  return { ...before, name, ...(plan && { plan }), ...(roles && { roles }) };
}

function checkPlan(plan: string | undefined, plans: ReadonlySet<string> | undefined): void {
  if (plan === undefined || plans === undefined || plans.has(plan)) return;
  const nearest = findNearest(plan, [...plans]);
  const known = [...plans].map((one) => `"${one}"`).join(', ');
  const hint = nearest === undefined ? `there are ${known || 'none in the file'}` : `did you mean "${nearest}"?`;
  throw new KeyStoreError(`there is no plan "${plan}": ${hint}`);
}

async function list({ store }: KeyPlace, { consumer }: KeyOptions, nowMs: number): Promise<KeyOutcome> {
  const consumers = (await store.read()).filter(({ name }) => consumer === undefined || name === consumer);
  return { text: renderKeyTable(consumers, store, (key) => isLive(key, nowMs)) };
}

/** A new key, while the old ones (or the one named) go on for the overlap. */
async function rotate({ store }: KeyPlace, options: KeyOptions, nowMs: number): Promise<KeyOutcome> {
  const end = readTime('overlap', options.overlap ?? DEFAULT_OVERLAP, nowMs);
  const endMs = Date.parse(end);
  const secret = createApiKey();
  return store.change(needConsumer(options), (before, place) => {
    const consumer = need(before, options, place);
    const keys = consumer.keys ?? [];
    const meant = options.id === undefined ? keys : [findKey(consumer, options.id)];
    const expiresAt = options.expires === undefined ? lastEnd(meant, nowMs) : readEnd(options.expires, nowMs);
    const live = meant.filter((key) => isLive(key, nowMs));
    const ending = live.map((key) => (isLive(key, endMs) ? { ...key, expiresAt: end } : key));
    const kept = keys.map((key) => ending.find(({ id }) => id === key.id) ?? key);
    const key = makeKey(secret, keys, undefined, expiresAt);
    const told = tellNewKey(place, consumer.name, secret, key);
    const text = told.text + renderEnds(ending, end);
    return { after: { ...consumer, keys: [...kept, key] }, result: { ...told, text } };
  });
}

async function revoke({ store }: KeyPlace, options: KeyOptions): Promise<KeyOutcome> {
  return store.change(needConsumer(options), (before, place) => {
    const consumer = need(before, options, place);
    const keys = consumer.keys ?? [];
    const [only] = keys;
    if (options.id === undefined && !options.all && keys.length > 1) {
      const ids = keys.map(({ id }) => id).join(', ');
      throw new KeyStoreError(`consumer "${consumer.name}" has ${keys.length} keys (${ids}): give --id ID or --all`);
    }
    if (only === undefined) throw new KeyStoreError(`consumer "${consumer.name}" has no key`);
    const gone = options.all ? keys : [findKey(consumer, options.id ?? only.id)];
    const ids = gone.map(({ id }) => id).join(', ');
    const text = `revoked ${ids} of consumer "${consumer.name}" in ${place}\n`;
    return { after: { ...consumer, keys: keys.filter((key) => !gone.includes(key)) }, result: { text } };
  });
}

function makeKey(
  secret: string,
  existing: readonly StoredKey[],
  wantedId: string | undefined,
  expiresAt: string | undefined,
): StoredKey {
  const ids = new Set(existing.map(({ id }) => id));
  const id = wantedId ?? nextId(ids);
  if (ids.has(id)) throw new KeyStoreError(`there is a key "${id}" already`);
  if (!/^[A-Za-z0-9._-]{1,64}$/.test(id))
    throw new KeyStoreError('an id has letters, digits, ".", "_" or "-", at most 64');
  return { id, sha256: hashApiKey(secret), ...(expiresAt && { expiresAt }) };
}

function nextId(taken: ReadonlySet<string>): string {
  let number = taken.size + 1;
  while (taken.has(`k${number}`)) number += 1;
  return `k${number}`;
}

function tellNewKey(place: string, name: string, secret: string, key: StoredKey): KeyOutcome {
  const undo = `turnpike key revoke --consumer ${name} --id ${key.id}`;
  return {
    text: renderNewKey(place, name, secret, key),
    ifUnread: `key ${key.id} of consumer "${name}" was made, but nobody read it; take it back with: ${undo}`,
  };
}

function need(consumer: StoredConsumer | undefined, options: KeyOptions, place: string): StoredConsumer {
  if (consumer === undefined) throw new KeyStoreError(`there is no consumer "${options.consumer}" in ${place}`);
  return consumer;
}

function findKey(consumer: StoredConsumer, id: string): StoredKey {
  const key = consumer.keys?.find((one) => one.id === id);
  if (key === undefined) throw new KeyStoreError(`consumer "${consumer.name}" has no key "${id}"`);
  return key;
}

function needConsumer({ consumer }: KeyOptions): string {
  if (consumer === undefined) throw new KeyStoreError('--consumer NAME is needed');
  if (!/^[A-Za-z0-9][A-Za-z0-9._@-]{0,127}$/.test(consumer)) {
    throw new KeyStoreError('a consumer is named by letters, digits, ".", "_", "@" or "-", at most 128');
  }
  return consumer;
}

function splitList(text: string): readonly string[] {
  const names = text.split(',').map((name) => name.trim());
  return names.filter((name) => name !== '');
}
