import type { RequestContext } from '../context.ts';
import type { Clock } from '../lib/clock.ts';
import { isDebugToken } from '../lib/debug-token.ts';
import type { Settings } from '../settings.ts';

/** In which a client shows its debug token; it reaches no service, as no field of its kind does. */
const TOKEN_FIELD = 'x-gateway-debug';

/**
 * Lets the stages note what they decide about a request whose client holds a debug token: it is told in the answer
 * (answer/trace-field.ts) and in the log. Without ADMIN_TOKEN, whose holder makes them, there are none.
 */
export function createDebugTrace(
  { adminToken }: Pick<Settings, 'adminToken'>,
  clock: Clock,
): (context: RequestContext) => void {
  return function traceIfAsked(context) {
    const token = context.req.headers[TOKEN_FIELD];
    if (typeof token !== 'string' || adminToken === undefined) return;
    if (isDebugToken(adminToken, token, clock.now())) context.trace = [];
  };
}
