import { z } from 'zod';
import { TAKEN_OVER } from '../answer/head.ts';
import { contextOf } from '../context.ts';
import { GatewayError } from '../errors.ts';
import { KeyCounts } from '../lib/key-counts.ts';
import { createSubject } from '../limits/subject.ts';
import type { Kind } from '../pool.ts';
import { defineStage } from '../stage.ts';

const keys = {
  concurrency: z
    .strictObject({
      perConsumer: z
        .int()
        .min(1)
        .max(1_000_000)
        .describe('Calls that one consumer (else token subject, else address) may have in flight on this route.'),
    })
    .optional()
    .describe('How many calls may be in flight at once, in this process. WebSockets are counted by `websocket`.'),
};

/** Calls by caller; pooled by route, so that those from before a reload count after it. */
const inFlightKind: Kind<KeyCounts> = { name: 'in-flight', close: () => undefined };

/** Retry-After of a refusal: when a call in flight will end is anybody's guess, and it is usually soon. */
const RETRY_AFTER_SECONDS = 1;

/** Refuses a consumer whose calls in flight are too many: 429 `too_many_concurrent`. A call ends when its answer does. */
export const concurrencyStage = defineStage({
  name: 'concurrency',
  keys,
  shadow: { needs: ['concurrency'] },

  create({ concurrency }, route, deps) {
    if (!route.matched || concurrency === undefined) return undefined;
    const { perConsumer } = concurrency;
    const inFlight = deps.lease.use(inFlightKind, route.name, () => new KeyCounts());
    const subjectOf = createSubject('consumer');

    return function concurrency(req, res, next) {
      const context = contextOf(req);
      const subject = subjectOf(context);
      const count = inFlight.of(subject);
      context.trace?.push({ stage: 'concurrency', decision: `${count} of ${perConsumer} in flight` });
      if (count >= perConsumer) {
        const detail = `Only ${perConsumer} ${perConsumer === 1 ? 'call' : 'calls'} may be in flight at once; let one finish.`;
        next(new GatewayError('too_many_concurrent', detail, { retryAfterSeconds: RETRY_AFTER_SECONDS }));
        return;
      }
      if (!context.dryRun) {
        inFlight.add(subject);
        const leave = (): void => inFlight.remove(subject);
        // A call ends with its answer, and a WebSocket's answer is the 101. One that goes on without its client is
        // a call for as long.
        const end = (): void => {
          res.off(TAKEN_OVER, end);
          res.off('close', end);
          if (context.guardian?.outlive(leave) !== true) leave();
        };
        res.once('close', end);
        if (context.upgrade !== undefined) res.once(TAKEN_OVER, end);
      }
      next();
    };
  },
});
