import { z } from 'zod';
import { contextOf } from '../context.ts';
import { GatewayError } from '../errors.ts';
import type { Clock } from '../lib/clock.ts';
import { createNetworkTest } from '../lib/network-test.ts';
import { type Later, later, network } from '../schema-values.ts';
import { defineStage } from '../stage.ts';

/** What is told where the file says nothing, or a time that has passed. */
const DEFAULT_RETRY_SECONDS = 60;

const maintenanceOption = z.strictObject({
  retryAfter: later
    .optional()
    .describe(
      'When clients are told to come back: `"10m"`, or a time such as `"2027-01-31T06:00:00Z"`. Default one minute.',
    ),
  message: z.string().min(1).max(1000).optional().describe('The `detail` of the answer, in place of the usual words.'),
  allow: z
    .array(network)
    .max(10_000)
    .default([])
    .describe('Addresses and networks for which the route is open all the same.'),
});

/** Closes a route for a while: 503 `maintenance` with Retry-After, for all but the addresses that are named. */
export const maintenanceStage = defineStage({
  name: 'maintenance',
  keys: {
    maintenance: z
      .union([z.boolean(), maintenanceOption])
      .optional()
      .describe(
        'Closes the route: 503 with Retry-After. In `defaults` it closes all of them; `/health` stays as it is.',
      ),
  },

  create({ maintenance }, route, { clock }) {
    if (!route.matched || maintenance === undefined || maintenance === false) return undefined;
    const { retryAfter, message, allow } = maintenance === true ? maintenanceOption.parse({}) : maintenance;
    const isAllowed = createNetworkTest(allow);

    return function maintenance(req, _res, next) {
      const context = contextOf(req);
      const isOpen = allow.length > 0 && isAllowed(context.clientAddress);
      context.trace?.push({ stage: 'maintenance', decision: isOpen ? 'closed, but not for this address' : 'closed' });
      if (isOpen) next();
      else next(new GatewayError('maintenance', message, { retryAfterSeconds: secondsUntil(retryAfter, clock) }));
    };
  },
});

/** Whole seconds for Retry-After, never fewer than 1. */
function secondsUntil(later: Later | undefined, clock: Clock): number {
  if (later === undefined) return DEFAULT_RETRY_SECONDS;
  if ('afterMs' in later) return Math.max(1, Math.ceil(later.afterMs / 1000));
  const leftMs = later.atMs - clock.now();
  return leftMs > 0 ? Math.ceil(leftMs / 1000) : DEFAULT_RETRY_SECONDS;
}
