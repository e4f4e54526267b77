import type { Duplex } from 'node:stream';
import type { RequestContext, UpgradeRequest, WebSocketTerms } from '../context.ts';
import type { DeadlineWheel } from '../lib/deadline-wheel.ts';
import type { OpenSockets } from '../open-sockets.ts';
import { type ServiceHeaders, takeOver } from '../response-head.ts';
import { Relay } from './ws-relay.ts';

/** A service has agreed to a WebSocket: the client gets its 101, and the two sockets are tied together. */
export function relayWebSocket(
  context: RequestContext,
  { idleMs }: WebSocketTerms,
  { socket: client, head }: UpgradeRequest,
  headers: ServiceHeaders,
  service: Duplex,
  { deadlines, sockets }: { readonly deadlines: DeadlineWheel; readonly sockets: OpenSockets },
): void {
  client.write(takeOver(context, headers));
  if (head.length > 0) client.unshift(head);
  Relay.start({
    client,
    service,
    consumer: consumerKey(context),
    idleMs,
    expiresAtMs: expiryOf(context),
    deadlines,
    open: sockets,
    onEnd(bytesOut, bytesIn) {
      context.bytesOut += bytesOut;
      context.bytesIn += bytesIn;
      context.res.emit('close');
    },
  });
}

/** Whose socket it is, for the limit of sockets that a consumer may have open. */
export function consumerKey({ consumer, subject, clientAddress }: RequestContext): string {
  return consumer?.name ?? subject ?? clientAddress;
}

/** On the scale of `performance.now()`, which no change of the clock moves. */
function expiryOf({ credentialExpiresAtMs }: RequestContext): number | undefined {
  return credentialExpiresAtMs === undefined ? undefined : credentialExpiresAtMs - performance.timeOrigin;
}
