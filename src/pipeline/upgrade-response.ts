import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { TAKEN_OVER } from '../answer/head.ts';
import type { ExpressApp } from './express-app.ts';

/**
 * A response on the socket of an upgrade, which the server itself gives none to. Node ends neither the socket nor the
 * response's life then, so both are done here.
 */
export function createUpgradeResponse(
  req: IncomingMessage,
  socket: Duplex,
  Response: ExpressApp['classes']['ServerResponse'],
): ServerResponse {
  const res = new Response(req);
  res.shouldKeepAlive = false;
  // It passes an early close of the socket on. A response may be written to any duplex; the types know of TCP alone.
  res.assignSocket(socket as Socket);
  socket.on('error', destroy);
  socket.on('readable', noticeEnd);
  socket.on('end', destroy);
  const letGo = (): void => {
    socket.off('readable', noticeEnd);
    socket.off('end', destroy);
  };
  res.once('finish', () => {
    letGo();
    res.detachSocket(socket as Socket);
    endRefused(socket);
    res.emit('close');
  });
  // Whoever takes the connection over detaches the response, and ends the request.
  res.once(TAKEN_OVER, letGo);
  return res;
}

/** How long a client may take to read a refusal. */
const REFUSED_MS = 1_000;

/** What the client has sent already is thrown away: closing with it unread would send a reset that overtakes the answer. */
function endRefused(socket: Duplex): void {
  const timer = setTimeout(() => socket.destroy(), REFUSED_MS);
  socket.once('close', () => clearTimeout(timer));
  socket.resume();
  socket.end();
}

/**
 * Nobody reads while a handshake is under way, and what isn't read doesn't tell that the client has left. What it has
 * sent already stays in the buffer, for whoever takes the connection over.
 */
function noticeEnd(this: Duplex): void {
  if (this.readableLength === 0) this.read(0);
}

function destroy(this: Duplex): void {
  this.destroy();
}
