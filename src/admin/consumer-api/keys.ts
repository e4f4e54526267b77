import { createApiKey, hashApiKey } from '../../auth/api-key-format.ts';
import { describeKey, describeUsedKey } from '../../auth/describe-consumer.ts';
import { addKey, dropKey, rotateKey } from '../../auth/key-changes.ts';
import { keyInput, rotateInput } from '../../auth/key-inputs.ts';
import { endMsOf, endOf, readInput } from '../../auth/read-input.ts';
import type { StoredKey } from '../../auth/stored-consumer.ts';
import { type AdminAnswer, ok } from '../answer.ts';
import { type ConsumerCall, changeIfMatch, need } from './call.ts';
import { tagged } from './consumers.ts';
import { checkScopes } from './names.ts';

/** `GET /consumers/NAME/keys`: all of them (at most a hundred), with when each was last used. */
export async function listKeys({ store }: ConsumerCall, name: string): Promise<AdminAnswer> {
  const { consumer, tag } = need(await store.find(name), name);
  const keys = await store.withUses(consumer.keys ?? []);
  // No ETag of its own: when a key was used is no change of the consumer.
  return ok({ consumer: name, etag: tag, keys: keys.map(describeUsedKey) });
}

/** `POST /consumers/NAME/keys`: 201 with the key itself, which is shown this once; 409 where there is one of that id. */
export async function createKey(call: ConsumerCall, name: string): Promise<AdminAnswer> {
  const input = readInput(keyInput, call.body);
  const { nowMs } = call;
  const secret = createApiKey();
  const wish = { ...input, sha256: hashApiKey(secret), expiresAt: endOf(input, nowMs), createdAt: isoTime(nowMs) };
  const { result: key, tag } = await changeIfMatch<StoredKey>(call, name, {
    told: ({ id }) => ({ action: 'key.create', keyId: id }),
    make(before) {
      const { consumer } = need(before, name);
      checkScopes(call, input.scopes, consumer);
      const made = addKey(consumer, wish, nowMs);
      return { after: made.after, result: made.key };
    },
  });
  return shown(name, secret, key, tag);
}

/** `POST /consumers/NAME/keys/ID/rotate`: 201 with a new key in the place of this one, which goes on for the overlap. */
export async function rotateOne(call: ConsumerCall, name: string, id: string): Promise<AdminAnswer> {
  const input = readInput(rotateInput, call.body);
  const { nowMs } = call;
  const secret = createApiKey();
  const chosenEnd = endOf(input, nowMs);
  const rotation = {
    sha256: hashApiKey(secret),
    id,
    overlapEndMs: endMsOf(input.overlap, nowMs),
    newEnd: (lastEnd: string | undefined) => chosenEnd ?? lastEnd,
    createdAt: isoTime(nowMs),
  };
  const { result, tag } = await changeIfMatch<ReturnType<typeof rotateKey>>(call, name, {
    told: ({ key }) => ({ action: 'key.rotate', keyId: key.id, changed: [id] }),
    make(before) {
      const made = rotateKey(need(before, name).consumer, rotation, nowMs);
      return { after: made.after, result: made };
    },
  });
  const { key, ending } = result;
  return shown(name, secret, key, tag, { replaces: ending.map(describeKey) });
}

/** `DELETE /consumers/NAME/keys/ID`: refused by every gateway within a second. */
export async function revokeKey(call: ConsumerCall, name: string, id: string): Promise<AdminAnswer> {
  const { tag } = await changeIfMatch(call, name, {
    told: () => ({ action: 'key.revoke', keyId: id }),
    make: (before) => ({ after: dropKey(need(before, name).consumer, id), result: undefined }),
  });
  return { status: 200, body: { revoked: id, consumer: name }, headers: tagged(tag) };
}

function shown(
  name: string,
  secret: string,
  key: StoredKey,
  tag: string | undefined,
  more: Readonly<Record<string, unknown>> = {},
): AdminAnswer {
  return { status: 201, body: { key: secret, consumer: name, ...describeKey(key), ...more }, headers: tagged(tag) };
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
