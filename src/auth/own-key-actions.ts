import { jsonBodyOf } from '../body/json-body.ts';
import type { RequestContext } from '../context.ts';
import type { Deps } from '../deps.ts';
import { GatewayError } from '../errors.ts';
import { isJsonType } from '../lib/media-type.ts';
import { createApiKey, hashApiKey } from './api-key-format.ts';
import { writeAudit } from './audit.ts';
import { type AuditedChange, changeAudited, type ToldOfChange } from './audited-change.ts';
import { ChangeBound } from './change-bound.ts';
import { describeKey, describeUsedKey } from './describe-consumer.ts';
import type { Groups } from './groups.ts';
import { addKey, dropKey, findKey, rotateKey } from './key-changes.ts';
import { ownKeyInput, rotateInput } from './key-inputs.ts';
import { checkNotLast, checkReach, checkRoom, endFor, type OwnKeys, reachOf, scopesFor } from './own-keys.ts';
import { endMsOf, endOf, readInput } from './read-input.ts';
import { createChangeTeller } from './redis-api-keys.ts';
import { type ConsumerChange, RedisConsumers } from './redis-consumers.ts';
import type { StoredConsumer, StoredKey } from './stored-consumer.ts';

/** How long others may be faster. */
const CONTEND_MS = 2000;

/** Status and body of an answer. */
export type Told = readonly [status: number, body: unknown];

/** What a consumer does with its own keys in Redis. What can't be done is thrown: see `consumerError`. */
export class OwnKeyActions {
  readonly #option: OwnKeys;
  readonly #groups: Groups;
  readonly #deps: Deps;
  readonly #store: RedisConsumers | undefined;
  readonly #bound: ChangeBound;

  constructor(option: OwnKeys, groups: Groups, deps: Deps) {
    this.#option = option;
    this.#groups = groups;
    this.#deps = deps;
    const { redis, pool } = deps;
    this.#store = redis === undefined ? undefined : new RedisConsumers(redis, createChangeTeller(pool));
    this.#bound = new ChangeBound(deps.clock);
  }

  async list(context: RequestContext, name: string): Promise<Told> {
    const found = await this.#storeOf().find(name);
    const keys = await this.#storeOf().withUses(need(found?.consumer, name).keys ?? []);
    const { keyId } = reachOf(context);
    return [
      200,
      { consumer: name, keys: keys.map((key) => ({ ...describeUsedKey(key), isCurrent: key.id === keyId })) },
    ];
  }

  async create(context: RequestContext, name: string): Promise<Told> {
    const input = readInput(ownKeyInput, await bodyOf(context));
    const [nowMs, reach, secret] = [this.#deps.clock.now(), reachOf(context), createApiKey()];
    const wish = {
      id: input.id,
      sha256: hashApiKey(secret),
      expiresAt: endFor(endOf(input, nowMs), reach, this.#option, nowMs),
      // What tells its own key apart stays: a condition may hold it to that.
      metadata: reach.metadata,
      createdAt: new Date(nowMs).toISOString(),
    };
    const key = await this.#change<StoredKey>(context, name, {
      told: ({ id }) => ({ action: 'key.create', keyId: id }),
      make: (consumer) => {
        checkRoom(consumer, this.#option.maxKeys, nowMs);
        const scopes = scopesFor(input.scopes, reach, consumer, this.#groups);
        const made = addKey(consumer, { ...wish, scopes }, nowMs);
        return { after: made.after, result: made.key };
      },
    });
    return [201, { key: secret, consumer: name, ...describeKey(key) }];
  }

  async rotate(context: RequestContext, name: string, id: string): Promise<Told> {
    const input = readInput(rotateInput, await bodyOf(context));
    const [nowMs, reach, secret] = [this.#deps.clock.now(), reachOf(context), createApiKey()];
    const wish = endOf(input, nowMs);
    const rotation = {
      id,
      sha256: hashApiKey(secret),
      overlapEndMs: endMsOf(input.overlap, nowMs),
      newEnd: (lastEnd: string | undefined) => endFor(wish, reach, this.#option, nowMs, lastEnd),
      createdAt: new Date(nowMs).toISOString(),
    };
    const { key, ending } = await this.#change<ReturnType<typeof rotateKey>>(context, name, {
      told: (made) => ({ action: 'key.rotate', keyId: made.key.id, changed: [id] }),
      make: (consumer) => {
        checkReach(findKey(consumer, id), reach);
        // One more than that while the old one goes on.
        checkRoom(consumer, this.#option.maxKeys + 1, nowMs);
        const made = rotateKey(consumer, rotation, nowMs);
        return { after: made.after, result: made };
      },
    });
    return [201, { key: secret, consumer: name, ...describeKey(key), replaces: ending.map(describeKey) }];
  }

  async revoke(context: RequestContext, name: string, id: string): Promise<Told> {
    const [nowMs, reach] = [this.#deps.clock.now(), reachOf(context)];
    await this.#change(context, name, {
      told: () => ({ action: 'key.revoke', keyId: id }),
      make: (consumer) => {
        checkReach(findKey(consumer, id), reach);
        checkNotLast(consumer, reach, id, nowMs);
        return { after: dropKey(consumer, id), result: undefined };
      },
    });
    return [200, { revoked: id, consumer: name }];
  }

  #storeOf(): RedisConsumers {
    if (this.#store === undefined) throw new GatewayError('consumers_unavailable');
    return this.#store;
  }

  async #change<T>(context: RequestContext, name: string, { make, told }: OwnChange<T>): Promise<T> {
    const store = this.#storeOf();
    const isRevocation = context.method === 'DELETE';
    const change = () =>
      changeAudited(store, {
        name,
        make: (before) => make(need(before?.consumer, name)),
        withinMs: CONTEND_MS,
        told,
        write: (line) => this.#tell(context, line),
      });
    return (await this.#bound.count({ consumer: name, by: credentialOf(context), isRevocation }, change)).result;
  }

  #tell(context: RequestContext, told: ToldOfChange): void {
    const { clientAddress: address, requestId, subject, consumer } = context;
    writeAudit(this.#deps, { by: 'consumer', actor: subject ?? consumer?.key?.id, address, requestId, ...told });
  }
}

interface OwnChange<T> {
  make(consumer: StoredConsumer): ConsumerChange<T>;
  told: AuditedChange<T>['told'];
}

/** What is called with, for counting. */
function credentialOf({ consumer, subject }: RequestContext): string {
  return consumer?.key === undefined ? `user ${subject ?? ''}` : `key ${consumer.key.id}`;
}

async function bodyOf(context: RequestContext): Promise<unknown> {
  const body = jsonBodyOf(context);
  if (body === undefined) return {};
  // Forms and plain texts are what a foreign page can send without being asked.
  if (!isJsonType(context.req.headers['content-type']))
    throw new GatewayError('unsupported_media_type', 'Send application/json.');
  return body;
}

function need(consumer: StoredConsumer | undefined, name: string): StoredConsumer {
  if (consumer !== undefined) return consumer;
  throw new GatewayError('consumer_not_found', `Keys of consumer "${name}" are not kept where they could be changed.`);
}
