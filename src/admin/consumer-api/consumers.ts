import { describeConsumer } from '../../auth/describe-consumer.ts';
import { type ConsumerPatch, consumerInput, consumerPatch } from '../../auth/key-inputs.ts';
import { faultAt, invalid, readInput } from '../../auth/read-input.ts';
import type { StoredConsumer } from '../../auth/stored-consumer.ts';
import { GatewayError } from '../../errors.ts';
import { type AdminAnswer, ok } from '../answer.ts';
import { type ConsumerCall, changeIfMatch, need } from './call.ts';
import { checkNames } from './names.ts';

const DEFAULT_PAGE = 50;
const MAX_PAGE = 200;
const CURSOR = /^\d{1,20}$/;

/** `GET /consumers?limit=50&cursor=…`: some of all, and where the next page begins. */
export async function listConsumers({ store, query }: ConsumerCall): Promise<AdminAnswer> {
  const cursor = query.get('cursor') ?? '0';
  const limit = query.get('limit') ?? String(DEFAULT_PAGE);
  if (!CURSOR.test(cursor)) throw invalid([{ in: 'query', detail: 'cursor is the "next" of the page before' }]);
  if (!/^\d{1,3}$/.test(limit) || Number(limit) < 1 || Number(limit) > MAX_PAGE)
    throw invalid([{ in: 'query', detail: `limit is a number from 1 to ${MAX_PAGE}` }]);
  const { consumers, next } = await store.page(cursor, Number(limit));
  return ok({ store: 'redis', consumers: consumers.map(describeConsumer), next: next ?? null });
}

/** `POST /consumers`: 201, or 409 where one has the name already. */
export async function createConsumer(call: ConsumerCall): Promise<AdminAnswer> {
  const input = readInput(consumerInput, call.body);
  checkNames(call, input);
  const { result, tag } = await changeIfMatch(call, input.name, {
    told: () => ({ action: 'consumer.create' }),
    make(before) {
      if (before !== undefined) throw new GatewayError('conflict', `There is a consumer "${input.name}" already.`);
      const after: StoredConsumer = { ...input, createdAt: new Date(call.nowMs).toISOString(), keys: [] };
      return { after, result: after };
    },
  });
  const location = ['location', `/consumers/${encodeURIComponent(input.name)}`];
  return { status: 201, body: describeConsumer(result), headers: [...tagged(tag), ...location] };
}

/** `GET /consumers/NAME`, with the ETag that a change may name in If-Match. */
export async function readConsumer({ store }: ConsumerCall, name: string): Promise<AdminAnswer> {
  const { consumer, tag } = need(await store.find(name), name);
  return { status: 200, body: describeConsumer(consumer), headers: tagged(tag) };
}

/** `PATCH /consumers/NAME`: what is named is replaced, null takes it away. It holds for all keys of the consumer. */
export async function updateConsumer(call: ConsumerCall, name: string): Promise<AdminAnswer> {
  const patch = readInput(consumerPatch, call.body);
  if (Object.keys(patch).length === 0) throw invalid([faultAt('', 'expected what is to be changed')]);
  checkNames(call, patch);
  const { result, tag } = await changeIfMatch(call, name, {
    told: () => ({ action: 'consumer.update', changed: Object.keys(patch) }),
    make(before) {
      const after = patched(need(before, name).consumer, patch);
      return { after, result: after };
    },
  });
  return { status: 200, body: describeConsumer(result), headers: tagged(tag) };
}

function patched(before: StoredConsumer, patch: ConsumerPatch): StoredConsumer {
  const after = Object.entries({ ...before, ...patch }).filter(([, value]) => value !== null && value !== undefined);
  return Object.fromEntries(after) as unknown as StoredConsumer;
}

/** `DELETE /consumers/NAME`, with all of its keys. */
export async function deleteConsumer(call: ConsumerCall, name: string): Promise<AdminAnswer> {
  const { result } = await changeIfMatch<readonly string[]>(call, name, {
    told: (changed) => ({ action: 'consumer.delete', changed }),
    make(before) {
      const { keys = [] } = need(before, name).consumer;
      return { after: undefined, result: keys.map(({ id }) => id) };
    },
  });
  return ok({ deleted: name, keys: result });
}

export function tagged(tag: string | undefined): readonly string[] {
  return tag === undefined ? [] : ['etag', tag];
}
