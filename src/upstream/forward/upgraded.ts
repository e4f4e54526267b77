import type { Duplex } from 'node:stream';
import type { RequestContext } from '../../context.ts';
import type { AnswerFields } from '../../sink.ts';
import type { Target } from '../target.ts';
import { relayWebSocket } from '../websocket/websocket.ts';
import { clientFields } from './client-fields.ts';
import type { Holds } from './holds.ts';
import type { ForwardPlan } from './plan.ts';

/** The service has agreed to a WebSocket. */
interface Agreed {
  readonly headers: AnswerFields;
  readonly socket: Duplex;
}

/**
 * The two connections are tied together, and live by their own rules from here on: the call is over and gives its
 * places back, but for its target, which goes on counting the connection, for least-busy.
 */
export function tieTogether(
  context: RequestContext,
  plan: ForwardPlan,
  target: Target,
  holds: Holds,
  { headers, socket }: Agreed,
): true {
  const { websocket, upgrade } = context;
  // Asked for by `isUpgrade`.
  if (websocket === undefined || upgrade === undefined) throw new Error('no upgrade was asked for');
  const fields = clientFields(headers, plan, context, target);
  holds.judge('succeed');
  context.abort = holds.letGoButTarget();
  relayWebSocket(context, websocket, upgrade, fields, socket, plan);
  return true;
}
