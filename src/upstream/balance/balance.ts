import { z } from 'zod';
import { TOKEN_CHARS } from '../../lib/http-token.ts';
import { duration } from '../../schema-values.ts';
import type { TargetSpec } from '../target.ts';
import type { Balancer } from './balancer.ts';
import { createHash, type HashKey } from './hash.ts';
import { createLeastBusy } from './least-busy.ts';
import { createRoundRobin } from './round-robin.ts';
import type { SlowStart } from './slow-start.ts';
import { createSticky } from './sticky.ts';

// What a field name and a cookie name may be.
const NAME = `[${TOKEN_CHARS}]{1,64}`;

const hashKey = z
  .string()
  .regex(new RegExp(`^(?:consumer|address|header:${NAME}|cookie:${NAME})$`), {
    error: 'expected "consumer", "address", "header:NAME" or "cookie:NAME"',
  })
  .transform((text) => text as HashKey)
  .describe('What keeps a caller on one target. Without the header or cookie it is the client address.');

/** The key `balance`. */
export const balanceOption = z
  .union([
    z.enum(['round-robin', 'weighted', 'least-busy', 'hash']),
    z.strictObject({ hash: hashKey }),
    z.strictObject({
      sticky: z
        .strictObject({
          cookie: z
            .string()
            .regex(new RegExp(`^${NAME}$`), { error: 'expected the name of a cookie' })
            .describe('Name of the cookie that the gateway sets.'),
        })
        .describe('Keeps a browser on one target by a cookie of the gateway.'),
    }),
  ])
  .describe(
    'How a target is chosen: "round-robin" in turns, "weighted" in turns by weight, "least-busy" by latency and calls ' +
      'in flight, "hash" by consumer, { "hash": … } by something else, { "sticky": { "cookie" } } by a cookie. ' +
      'Default: "least-busy", or "weighted" where weights differ.',
  );

export type BalanceOption = z.output<typeof balanceOption>;

/** The key `slowStart`. */
export const slowStartOption = duration({ max: '10m' }).describe(
  'How long a target that came back takes to its full share of traffic. Default "10s".',
);

const DEFAULT_SLOW_START_MS = 10_000;

/** The default of `balance`: what the weights ask for. */
export function defaultBalance(specs: readonly TargetSpec[]): BalanceOption {
  return specs.some((spec) => spec.weight !== specs[0]?.weight) ? 'weighted' : 'least-busy';
}

export function createBalancer(option: BalanceOption, slowStart: Partial<SlowStart> = {}): Balancer {
  const slow: SlowStart = {
    slowStartMs: slowStart.slowStartMs ?? DEFAULT_SLOW_START_MS,
    now: slowStart.now ?? (() => performance.now()),
    random: slowStart.random ?? Math.random,
  };
  if (typeof option === 'object') {
    if ('hash' in option) return createHash(option.hash, slow);
    return createSticky(option.sticky.cookie, createLeastBusy(slow));
  }
  switch (option) {
    case 'round-robin':
      return createRoundRobin(false, slow);
    case 'weighted':
      return createRoundRobin(true, slow);
    case 'least-busy':
      return createLeastBusy(slow);
    case 'hash':
      return createHash('consumer', slow);
  }
}
