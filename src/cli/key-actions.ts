import { randomBytes } from 'node:crypto';
import { createApiKey, hashApiKey } from '../auth/api-key-format.ts';
import { CONSUMER_NAME } from '../auth/caller-facts.ts';
import { addKey, dropKey, findKey, isLive, KeyFault, rotateKey } from '../auth/key-changes.ts';
import { hashPassword } from '../auth/password.ts';
import type { StoredConsumer, StoredKey } from '../auth/stored-consumer.ts';
import { UsageError } from './cli-faults.ts';
import { readEnd, readTime } from './key-ends.ts';
import { checkNames, checkScopes, type FactOptions, readMetadata, readScopes, withFacts } from './key-facts.ts';
import { renderChange, renderEnds, renderKeyTable, renderNewKey, renderNewPassword } from './key-output.ts';
import type { KeyPlace } from './key-place.ts';
import { KeyStoreError } from './key-store.ts';

export interface KeyOptions extends FactOptions {
  /** Address of the admin port to ask in place of a file or Redis. */
  readonly admin?: string | undefined;
  readonly consumer?: string | undefined;
  readonly id?: string | undefined;
  readonly file?: string | undefined;
  readonly redis?: boolean | undefined;
  readonly expires?: string | undefined;
  readonly overlap?: string | undefined;
  readonly scopes?: string | undefined;
  readonly 'key-metadata'?: readonly string[] | undefined;
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

async function create(place: KeyPlace, options: KeyOptions, nowMs: number): Promise<KeyOutcome> {
  const { store } = place;
  const name = needConsumer(options);
  checkNames(options, place);
  if (options.password) return createPassword(store, name, options);
  const secret = createApiKey();
  const wish = {
    sha256: hashApiKey(secret),
    id: options.id,
    expiresAt: readEnd(options.expires, nowMs),
    scopes: readScopes('scopes', options.scopes),
    metadata: readMetadata('key-metadata', options['key-metadata']),
    createdAt: timeFor(store, nowMs),
  };
  return store.change(name, (before, where) => {
    const owner = { ...withFacts(name, before, options), ...(before === undefined && { createdAt: wish.createdAt }) };
    checkScopes(wish.scopes, owner, place);
    const { after, key } = addKey(owner, wish, nowMs);
    const told = tellNewKey(where, name, secret, key);
    return { after, result: { ...told, text: told.text + renderChange(before, after) } };
  });
}

function timeFor({ keepsTimes }: KeyPlace['store'], nowMs: number): string | undefined {
  return keepsTimes ? new Date(nowMs).toISOString() : undefined;
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

async function list({ store }: KeyPlace, { consumer }: KeyOptions, nowMs: number): Promise<KeyOutcome> {
  const consumers = (await store.read()).filter(({ name }) => consumer === undefined || name === consumer);
  return { text: renderKeyTable(consumers, store, (key) => isLive(key, nowMs)) };
}

/** A new key, while the old ones (or the one named) go on for the overlap. */
async function rotate({ store }: KeyPlace, options: KeyOptions, nowMs: number): Promise<KeyOutcome> {
  const overlapEndMs = Date.parse(readTime('overlap', options.overlap ?? DEFAULT_OVERLAP, nowMs));
  const { id, expires } = options;
  const chosenEnd = readEnd(expires, nowMs);
  const secret = createApiKey();
  return store.change(needConsumer(options), (before, place) => {
    const rotation = {
      sha256: hashApiKey(secret),
      id,
      overlapEndMs,
      newEnd: (lastEnd: string | undefined) => (expires === undefined ? lastEnd : chosenEnd),
      createdAt: timeFor(store, nowMs),
    };
    const { after, key, ending, overlapEnd } = rotated(need(before, options, place), rotation, nowMs);
    const told = tellNewKey(place, after.name, secret, key);
    return { after, result: { ...told, text: told.text + renderEnds(ending, overlapEnd) } };
  });
}

function rotated(...args: Parameters<typeof rotateKey>): ReturnType<typeof rotateKey> {
  try {
    return rotateKey(...args);
  } catch (fault) {
    if (!(fault instanceof KeyFault)) throw fault;
    if (fault.reason === 'unlike') throw new KeyStoreError(`${fault.message}, by --id`);
    if (fault.reason !== 'ended') throw fault;
    throw new KeyStoreError('the keys have ended: say how long the new one lives, --expires 90d (or never)');
  }
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
    const after = gone.reduce((left, { id }) => dropKey(left, id), consumer);
    const ids = gone.map(({ id }) => id).join(', ');
    const text = `revoked ${ids} of consumer "${consumer.name}" in ${place}\n`;
    return { after, result: { text } };
  });
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

function needConsumer({ consumer }: KeyOptions): string {
  if (consumer === undefined) throw new UsageError('--consumer NAME is needed');
  if (!CONSUMER_NAME.test(consumer)) {
    throw new KeyStoreError('a consumer is named by letters, digits, ".", "_", "@" or "-", at most 128');
  }
  return consumer;
}
