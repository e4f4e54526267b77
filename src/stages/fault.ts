import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { z } from 'zod';
import { noteError } from '../answer/problem.ts';
import { contextOf, type RequestContext } from '../context.ts';
import { GatewayError } from '../errors.ts';
import { duration } from '../schema-values.ts';
import { defineStage } from '../stage.ts';

const delayLength = duration({ max: '60s' });

const faultOption = z.strictObject({
  delay: z
    .union([delayLength, z.strictObject({ min: delayLength, max: delayLength })])
    .optional()
    .describe('How long the request waits before it goes on: `"500ms"`, or between `min` and `max`. At most a minute.'),
  abort: z
    .union([z.int().min(400).max(599), z.literal('reset')])
    .optional()
    .describe('The status that is answered instead of asking anybody; `"reset"` breaks the connection off.'),
  percent: z
    .number()
    .gt(0)
    .max(100)
    .default(100)
    .describe('How many of a hundred requests it happens to. Default 100.'),
  force: z.boolean().default(false).describe('Takes it where NODE_ENV is production, which refuses the file else.'),
});

type FaultOptions = z.output<typeof faultOption>;

/** What happens to one request. */
export interface DrawnFault {
  readonly delayMs: number;
  readonly abort: FaultOptions['abort'];
  /** As the log says it. */
  readonly name: string;
}

/** Draws the lot of one request; undefined where nothing happens to it. */
export function drawFault(
  { delay, abort, percent }: FaultOptions,
  random: () => number = Math.random,
): DrawnFault | undefined {
  if (random() * 100 >= percent) return undefined;
  const delayMs = typeof delay === 'object' ? delay.min + random() * (delay.max - delay.min) : (delay ?? 0);
  const name = [delay !== undefined && 'delay', abort !== undefined && 'abort'].filter(Boolean).join('+');
  return { delayMs, abort, name };
}

/**
 * Lets requests wait or fail on purpose, for trials of whoever calls: `injected_fault`, or a connection that breaks off.
 * The answer says that it is one, and so does the log.
 */
export const faultStage = defineStage({
  name: 'fault',
  keys: { fault: faultOption.optional().describe('Lets requests wait or fail on purpose, for trials.') },

  check(_file, routes, report, outside) {
    routes.forEach(({ fault }, index) => {
      if (fault === undefined) return;
      const at = ['routes', index, 'fault'];
      const { delay, abort, force } = fault;
      if (delay === undefined && abort === undefined) report(at, 'does nothing', 'give it "delay", "abort" or both');
      if (typeof delay === 'object' && delay.max < delay.min) report([...at, 'delay'], '"max" is less than "min"');
      if (outside?.isProduction === true && !force)
        report(at, 'is refused where NODE_ENV is "production"', 'take it out, or say "force": true');
    });
  },

  create({ fault: options }, route) {
    if (!route.matched || options === undefined) return undefined;

    return function fault(req, res, next) {
      const context = contextOf(req);
      if (context.dryRun) {
        context.trace?.push({ stage: 'fault', decision: `happens to ${options.percent} % of requests` });
        return next(certainFault(options));
      }
      const drawn = drawFault(options);
      if (drawn === undefined) return next();
      context.fault = drawn.name;
      // It waits for the answers to earlier requests on its connection (RFC 9112, section 9.3.2).
      const isQueued = res.socket === null;
      const goOn = (): void => {
        if (drawn.abort === undefined) next();
        else abort(context, drawn.abort, isQueued, next);
      };
      if (drawn.delayMs === 0) goOn();
      else waitFor(res, drawn.delayMs, goOn);
    };
  },
});

/** What happens to every request; undefined where it is left to chance. */
function certainFault({ abort: how, percent }: FaultOptions): GatewayError | undefined {
  if (how === undefined || percent < 100) return undefined;
  return how === 'reset' ? new GatewayError('injected_fault', BROKEN_OFF) : failed(how);
}

const BROKEN_OFF = 'The connection is broken off on purpose.';

function failed(status: number): GatewayError {
  return new GatewayError('injected_fault', undefined, { passedOn: { status, fields: {}, body: undefined } });
}

/** Nobody waits for a client that has left. */
function waitFor(res: ServerResponse, delayMs: number, goOn: () => void): void {
  const leave = (): void => clearTimeout(timer);
  const timer = setTimeout(() => {
    res.off('close', leave);
    goOn();
  }, delayMs);
  res.once('close', leave);
}

function abort(
  context: RequestContext,
  how: number | 'reset',
  isQueued: boolean,
  next: (error: unknown) => void,
): void {
  if (how === 'reset' && context.parent === undefined) {
    noteError(context, new GatewayError('injected_fault', BROKEN_OFF));
    breakOff(context.res, isQueued);
    return;
  }
  next(failed(how === 'reset' ? 502 : how));
}

/** A reset would take answers away that are owed before this one: behind them the connection ends without another. */
function breakOff(res: ServerResponse, isQueued: boolean): void {
  const { socket } = res;
  if (socket === null) res.once('socket', (its: Socket) => its.destroySoon());
  else if (isQueued) socket.destroySoon();
  else socket.resetAndDestroy();
}
