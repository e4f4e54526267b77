import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import type { RequestContext } from '../context.ts';
import { GatewayError } from '../errors.ts';
import { duration } from '../schema-values.ts';
import { type Groups, withGroups } from './groups.ts';
import { isLive } from './key-changes.ts';
import { faultAt, invalid } from './read-input.ts';
import type { StoredConsumer, StoredKey } from './stored-consumer.ts';

/** What a consumer may do with its own keys: never more than it can already with what it calls with. */

const ownKeysOption = z.union([
  z.boolean().transform((isOn) => (isOn ? { maxKeys: 10, maxLife: undefined } : undefined)),
  z.strictObject({
    maxKeys: z.int().min(2).max(50).default(10).describe('Keys of one consumer that are valid at once. Default 10.'),
    maxLife: duration({ min: '1m', max: '3650d' })
      .optional()
      .describe('How long a key that a consumer makes lives at most. Default: for ever.'),
  }),
]);

/** The key of the file. */
export const selfService = z
  .strictObject({
    keys: ownKeysOption.optional().describe('Consumers list, make, rotate and revoke their own keys at /-/me/keys.'),
  })
  .optional()
  .describe('What consumers may do by themselves; needs consumerStore "redis".');

export type OwnKeys = NonNullable<NonNullable<z.output<typeof selfService>>['keys']>;

/** What the caller calls with, and so what no key that it makes or touches may be beyond. */
interface Reach {
  /** Undefined: all of its consumer's. */
  readonly scopes: readonly string[] | undefined;
  readonly endMs: number;
  /** Undefined for a token, which speaks for the consumer as a whole. */
  readonly keyId: string | undefined;
  readonly metadata: StoredKey['metadata'];
}

export function reachOf({ consumer, scopes }: RequestContext): Reach {
  const key = consumer?.key;
  if (key === undefined) return { scopes, endMs: Number.POSITIVE_INFINITY, keyId: undefined, metadata: undefined };
  const { id, metadata, expiresAtMs = Number.POSITIVE_INFINITY } = key;
  return { scopes: key.scopes, endMs: expiresAtMs, keyId: id, metadata };
}

/** The scopes of a key that the caller makes. Throws `invalid_request`, and `insufficient_scope` for more than it has. */
export function scopesFor(
  wanted: readonly string[] | undefined,
  reach: Reach,
  consumer: StoredConsumer,
  groups: Groups,
): readonly string[] | undefined {
  const { plan, roles = [], scopes = [], groups: mine = [] } = consumer;
  const held = withGroups({ plan, roles, scopes, groups: mine }, groups).scopes;
  if (wanted === undefined) return reach.scopes?.filter((scope) => held.includes(scope));
  const faults = wanted.flatMap((scope, index) =>
    held.includes(scope) ? [] : [faultAt(`/scopes/${index}`, `"${scope}" is no scope of yours`)],
  );
  if (faults.length > 0) throw invalid(faults);
  if (isWithin(wanted, reach.scopes)) return wanted;
  throw new GatewayError('insufficient_scope', 'A key has no more scopes than what it is made with.');
}

/** Throws where a key is more than what the caller calls with, which may neither take its place nor end it. */
export function checkReach(key: StoredKey, reach: Reach): void {
  if (!isWithin(key.scopes, reach.scopes))
    throw new GatewayError('insufficient_scope', 'That key has scopes which what you call with has not.');
  if (reach.keyId !== undefined && !isDeepStrictEqual({ ...key.metadata }, { ...reach.metadata }))
    throw new GatewayError('forbidden', 'That key has other metadata than the one you call with.');
}

function isWithin(scopes: readonly string[] | undefined, bound: readonly string[] | undefined): boolean {
  if (bound === undefined) return true;
  return scopes?.every((scope) => bound.includes(scope)) === true;
}

/** When a key of the caller's ends: as it wishes, or as late as it may. Throws `invalid_request` for a later wish. */
export function endFor(
  wish: string | undefined,
  reach: Reach,
  { maxLife: maxLifeMs }: { readonly maxLife?: number | undefined },
  nowMs: number,
  fallback?: string | undefined,
): string | undefined {
  const latestMs = Math.min(reach.endMs, maxLifeMs === undefined ? Number.POSITIVE_INFINITY : nowMs + maxLifeMs);
  if (wish !== undefined && Date.parse(wish) > latestMs)
    throw invalid([faultAt('', `the key may end at ${new Date(latestMs).toISOString()} at the latest`)]);
  const endMs = Math.min(latestMs, Date.parse(wish ?? fallback ?? '') || Number.POSITIVE_INFINITY);
  return endMs === Number.POSITIVE_INFINITY ? undefined : new Date(endMs).toISOString();
}

/** Throws `conflict` where there are as many as there may be. */
export function checkRoom({ keys = [] }: StoredConsumer, maxKeys: number, nowMs: number): void {
  if (keys.filter((key) => isLive(key, nowMs)).length < maxKeys) return;
  throw new GatewayError('conflict', `There are ${maxKeys} valid keys already, as many as may be: revoke one first.`);
}

/** Whoever calls with a key keeps one: without any it could make none. Throws `conflict`. */
export function checkNotLast({ keys = [] }: StoredConsumer, { keyId }: Reach, id: string, nowMs: number): void {
  const isOneLeft = keys.some((key) => key.id !== id && isLive(key, nowMs));
  if (keyId === undefined || isOneLeft) return;
  throw new GatewayError('conflict', 'This is the last valid key: rotate it (an overlap of "0s" ends it at once).');
}
