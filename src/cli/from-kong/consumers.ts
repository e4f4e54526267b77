import { hashApiKey, isPlausibleApiKey } from '../../auth/api-key-format.ts';
import { CONSUMER_NAME } from '../../auth/caller-facts.ts';
import { hashPassword } from '../../auth/password.ts';
import type { Entity } from './entity.ts';
import { isReference, planIssuer } from './issuers.ts';
import type { KongConsumer, KongFile } from './kong-file.ts';
import { planOf } from './limits.ts';
import type { Notes } from './notes.ts';

type Row = Record<string, unknown>;

/** Who calls, in the words of routes.json. */
export interface ConsumersPlan {
  readonly consumers: readonly Row[];
  readonly issuers: readonly Row[];
  readonly plans: Readonly<Record<string, unknown>>;
  /** Secrets that routes.json names by `${ENV:…}`. */
  readonly secrets: ReadonlyMap<string, string>;
  readonly closedAnonymous: ReadonlySet<string>;
  /** Issuers of tokens by the groups of their consumers. */
  readonly issuersByGroup: ReadonlyMap<string, readonly string[]>;
}

const CREDENTIALS = ['keyauth_credentials', 'jwt_secrets', 'basicauth_credentials', 'acls'];
const OTHER_CREDENTIALS = [
  'hmacauth_credentials',
  'oauth2_credentials',
  'mtls_auth_credentials',
  'keyauth_enc_credentials',
];

export async function planConsumers(file: KongFile, notes: Notes, nowMs: number): Promise<ConsumersPlan> {
  const gathering = new Gathering(file, notes, nowMs);
  for (const consumer of file.consumers) await gathering.add(consumer);
  return gathering;
}

/** The consumers of a file while they are read. */
class Gathering implements ConsumersPlan {
  readonly consumers: Row[] = [];
  readonly issuers: Row[] = [];
  readonly plans: Record<string, unknown> = {};
  readonly secrets = new Map<string, string>();
  readonly closedAnonymous = new Set<string>();
  readonly issuersByGroup = new Map<string, string[]>();
  readonly #file: KongFile;
  readonly #notes: Notes;
  readonly #nowMs: number;
  readonly #names = new Set<string>();
  readonly #hashes = new Set<string>();
  /** Credentials that stand at the top of the file, by kind and consumer. */
  readonly #flat = new Map<string, Map<string, Entity[]>>();

  constructor(file: KongFile, notes: Notes, nowMs: number) {
    this.#file = file;
    this.#notes = notes;
    this.#nowMs = nowMs;
  }

  async add({ entity, name: written, plugins }: KongConsumer): Promise<void> {
    const notes = this.#notes;
    const name = this.#nameOf(written, entity.line);
    const label = `consumer "${written}"`;
    const groups = this.#groupsOf(entity);
    for (const key of OTHER_CREDENTIALS)
      if (this.#credentials(entity, key).length > 0) notes.lost(entity.lineOf(key), `${label}: ${key}`);
    const customId = entity.text('custom_id');
    const row: Row = {
      name,
      ...(groups.length > 0 && { roles: groups }),
      ...(customId !== undefined && customId !== written && { metadata: { customId } }),
    };
    if (plugins.some((use) => use.name === 'request-termination')) return this.#close(row, written, entity.line);
    const keys = this.#keysOf(entity, label);
    if (keys.length > 0) row['keys'] = keys;
    this.#addIssuers(entity, groups, label);
    this.#addPlugins(written, plugins, row, name);
    const passwords = await this.#passwordsOf(entity, name, label);
    for (const { username, password } of passwords)
      if (username === name) row['password'] = password;
      else this.#addPasswordAlone(username, password, row, entity, label);
    this.consumers.push(row);
    entity.ignore('type', ...CONSUMER_KEYS);
    const unread = entity.unread();
    if (unread.length > 0) notes.lost(entity.line, `${label}: ${unread.map((key) => `"${key}"`).join(', ')}`);
  }

  /** One whom Kong answers by itself, whatever is asked for: it gets no credential here. */
  #close(row: Row, written: string, line: number): void {
    this.closedAnonymous.add(written);
    this.#notes.changed(
      line,
      `consumer "${written}" is refused by request-termination: it has no credentials here, and routes where it is "anonymous" ask for one`,
    );
    this.consumers.push(row);
  }

  #nameOf(written: string, line: number): string {
    const plain =
      written
        .replace(/[^A-Za-z0-9._@-]+/g, '-')
        .replace(/^[^A-Za-z0-9]+/, '')
        .slice(0, 128) || 'consumer';
    let name = plain;
    for (let at = 2; this.#names.has(name); at++) name = `${plain.slice(0, 120)}-${at}`;
    this.#names.add(name);
    if (name !== written) this.#notes.changed(line, `consumer "${written}" is called ${name}`);
    return name;
  }

  /** In the consumer, and at the top of the file with its name. */
  #credentials(consumer: Entity, key: string): readonly Entity[] {
    const names = [consumer.text('username'), consumer.text('custom_id'), consumer.text('id')];
    let flat = this.#flat.get(key);
    if (flat === undefined) {
      flat = Map.groupBy(this.#file.root.children(key), (one) => one.reference('consumer') ?? '');
      this.#flat.set(key, flat);
    }
    return [...consumer.children(key), ...new Set(names)].flatMap((one) =>
      typeof one === 'object' ? [one] : one === undefined ? [] : (flat.get(one) ?? []),
    );
  }

  #groupsOf(consumer: Entity): string[] {
    const ofAcl = this.#credentials(consumer, 'acls').map((one) => one.text('group') ?? '');
    const named = consumer.has('groups') ? consumer.children('groups').map((one) => one.text('name') ?? '') : [];
    return [...new Set([...ofAcl, ...named])].filter((group) => group !== '');
  }

  #keysOf(consumer: Entity, label: string): Row[] {
    return this.#credentials(consumer, 'keyauth_credentials').flatMap((one, at) => {
      const key = one.text('key');
      const line = one.line;
      if (key === undefined || isReference(key) || !isPlausibleApiKey(key)) {
        this.#notes.lost(
          line,
          `a key of ${label}: ${key === undefined ? 'Kong makes one itself' : 'it is not written there'}; turnpike key create makes another`,
        );
        return [];
      }
      const sha256 = hashApiKey(key);
      if (this.#hashes.has(sha256)) {
        this.#notes.lost(line, `a key of ${label}: somebody else has the same one`);
        return [];
      }
      this.#hashes.add(sha256);
      return [{ id: `kong-${at + 1}`, sha256, ...this.#endOf(one, label) }];
    });
  }

  #endOf(one: Entity, label: string): Row {
    const seconds = one.number('ttl');
    if (seconds === undefined || seconds <= 0) return {};
    const createdS = one.number('created_at') ?? this.#nowMs / 1000;
    this.#notes.changed(
      one.lineOf('ttl'),
      `a key of ${label} ends at a time of its own, counted from ${one.has('created_at') ? 'created_at' : 'now'}`,
    );
    return { expiresAt: new Date(Math.round((createdS + seconds) * 1000)).toISOString() };
  }

  #addIssuers(consumer: Entity, groups: readonly string[], label: string): void {
    for (const one of this.#credentials(consumer, 'jwt_secrets')) {
      const row = planIssuer(one, label, this, this.#notes);
      if (row === undefined) continue;
      this.issuers.push(row);
      for (const group of groups)
        this.issuersByGroup.set(group, [...(this.issuersByGroup.get(group) ?? []), String(row['issuer'])]);
    }
  }

  #addPlugins(written: string, plugins: KongConsumer['plugins'], row: Row, name: string): void {
    for (const use of plugins) {
      const plan = /^rate-limiting/.test(use.name) ? planOf(use, written, this.#notes) : undefined;
      if (plan !== undefined) {
        this.plans[`kong-${name}`] = plan;
        row['plan'] = `kong-${name}`;
      } else this.#notes.lost(use.line, `plugin ${use.name} of consumer "${written}" alone`);
    }
  }

  async #passwordsOf(consumer: Entity, name: string, label: string) {
    const found: { username: string; password: string }[] = [];
    for (const one of this.#credentials(consumer, 'basicauth_credentials')) {
      const [username = name, password] = [one.text('username'), one.text('password')];
      // A dump has the hash, which is of no use here.
      if (password === undefined || isReference(password) || /^[0-9a-f]{40}$/.test(password))
        this.#notes.lost(one.line, `a password of ${label}: it is not written there; turnpike key create --password`);
      else found.push({ username, password: await hashPassword(password) });
    }
    return found;
  }

  /** The user name of a password is the name of the consumer here. */
  #addPasswordAlone(username: string, password: string, like: Row, { line }: Entity, label: string): void {
    if (!CONSUMER_NAME.test(username) || this.#names.has(username)) {
      this.#notes.lost(line, `a password of ${label}: "${username}" can't be the name of a consumer`);
      return;
    }
    this.#names.add(username);
    const { keys: _, ...rest } = like;
    this.consumers.push({ ...rest, name: username, password });
    this.#notes.changed(line, `${label} is a consumer of its own, ${username}, where it comes with that user name`);
  }
}

/** Keys of the file that are read here, wherever they stand. */
export const CONSUMER_KEYS: readonly string[] = [...CREDENTIALS, ...OTHER_CREDENTIALS];
