import { noteError } from '../answer/problem.ts';
import type { RequestContext } from '../context.ts';
import { GatewayError } from '../errors.ts';
import type { Gateway } from '../gateway.ts';

/**
 * Ends what is in flight when the time is up, in the gateway's name: 503 `draining` where no answer has begun, a reset
 * where one has, since an end that looks like any other would make half an answer a whole one. WebSockets have been
 * told before.
 */
export function breakOffAll(gateway: Pick<Gateway, 'open' | 'fail'>): void {
  for (const context of [...gateway.open]) {
    // What runs in process ends with the request that it is a part of.
    if (context.upgradedAtMs === 0 && context.parent === undefined) breakOff(context, gateway);
  }
}

function breakOff(context: RequestContext, gateway: Pick<Gateway, 'fail'>): void {
  const error = new GatewayError('draining', 'The time to shut down was over before the answer was complete.');
  if (context.status === 0) {
    context.res.shouldKeepAlive = false;
    gateway.fail(context, error);
    return;
  }
  if (context.errorCode === undefined) noteError(context, error);
  context.req.socket.resetAndDestroy();
}
