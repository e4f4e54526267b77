import { hash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { takeOver } from '../../answer/head.ts';
import type { RequestContext, UpgradeRequest } from '../../context.ts';
import type { Deps } from '../../deps.ts';
import type { WebSocketTerms } from '../../facts.ts';
import type { AnswerFields } from '../../sink.ts';
import { Relay } from './relay.ts';

/** Appended to the client's key, so that only a server that knows WebSockets can answer (RFC 6455, section 1.3). */
const PROTOCOL_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** Sixteen bytes in base64. */
const KEY = /^[A-Za-z0-9+/]{22}==$/;

/** How the fields of a handshake begin. */
const HANDSHAKE_FIELD = /sec-websocket-/i;

/**
 * True for a handshake as RFC 6455, section 4.2.1, wants it. Whatever else names the protocol (a POST, a body, another
 * version) is served as the plain request that it also is: its bytes must never pass as frames. So is one over HTTP/1.0,
 * where `Upgrade` means nothing (RFC 9110, section 7.8), and one whose `Connection` says that a field of the handshake
 * goes no further than here.
 */
export function isHandshake({ method, headers, httpVersionMajor, httpVersionMinor }: IncomingMessage): boolean {
  return (
    httpVersionMajor === 1 &&
    httpVersionMinor > 0 &&
    !HANDSHAKE_FIELD.test(headers.connection ?? '') &&
    headers.upgrade?.toLowerCase() === 'websocket' &&
    method === 'GET' &&
    headers['sec-websocket-version'] === '13' &&
    KEY.test(headers['sec-websocket-key'] ?? '') &&
    headers['transfer-encoding'] === undefined &&
    (headers['content-length'] === undefined || headers['content-length'] === '0')
  );
}

/**
 * True when a service's 101 proves that it took this handshake. Without the proof, a service that can be talked into
 * any status would open a tunnel past the gateway.
 */
export function isAccepted({ req }: RequestContext, headers: AnswerFields): boolean {
  const expected = hash('sha1', `${req.headers['sec-websocket-key']}${PROTOCOL_GUID}`, 'base64');
  return headers['sec-websocket-accept'] === expected && String(headers['upgrade']).toLowerCase() === 'websocket';
}

/** A service has agreed to a WebSocket: the client gets its 101, and the two sockets are tied together. */
export function relayWebSocket(
  context: RequestContext,
  { idleMs }: WebSocketTerms,
  { socket: client, head, ended }: UpgradeRequest,
  headers: AnswerFields,
  service: Duplex,
  { deadlines, sockets, clock }: Pick<Deps, 'deadlines' | 'sockets' | 'clock'>,
): void {
  client.write(takeOver(context, headers), 'latin1');
  if (head.length > 0) client.unshift(head);
  context.upgradedAtMs = performance.now();
  const { credentialExpiresAtMs = Number.POSITIVE_INFINITY } = context;
  lighten(context);
  // What undici listened for is over; its listeners would keep the connecting's timer and closures (undici 8.12).
  service.removeAllListeners('error');
  Relay.start({
    client,
    service,
    idleMs,
    // On the scale of `performance.now()`, which no change of the clock moves.
    expiresAtMs: context.upgradedAtMs + (credentialExpiresAtMs - clock.now()),
    deadlines,
    open: sockets,
    onEnd(bytesOut, bytesIn) {
      context.bytesOut += bytesOut;
      context.bytesIn += bytesIn;
      ended(context);
    },
  });
}

const NONE: string[] = [];
const SWITCHED = { destroyed: false };

/**
 * What an open WebSocket still needs of its request is the log line. The request and the response, and all that Node,
 * Express and the stages hang on them, would cost as much memory as the sockets do, for as long as they are open.
 */
function lighten(context: RequestContext): void {
  context.opened?.(context);
  context.opened = undefined;
  const { url, headers } = context.req;
  const agent = headers['user-agent'];
  const standIn = { url, headers: agent === undefined ? {} : { 'user-agent': agent } };
  context.req = standIn as unknown as IncomingMessage;
  context.res = SWITCHED as unknown as ServerResponse;
  context.upgrade = undefined;
  context.upstreamHeaders = NONE;
  context.extraHeaders = undefined;
  context.claims = undefined;
  context.params = undefined;
  // Open, it counts among the sockets of its caller.
  context.places?.leave();
  context.places = undefined;
  // A reload in the meantime has no reason to keep this snapshot.
  context.snapshotDone?.();
  context.snapshotDone = undefined;
}
