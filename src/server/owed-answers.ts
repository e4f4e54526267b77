import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Node's own note of the response whose turn it is on a connection; the next one takes its place when it has ended. */
type AnsweringSocket = Socket & { readonly _httpMessage?: ServerResponse | null };

/** The response that an earlier request on this connection still waits for, if any. */
export function answerUnderWay(socket: Socket): ServerResponse | undefined {
  return (socket as AnsweringSocket)._httpMessage ?? undefined;
}

/** Calls back when every answer that is owed on this connection has left, or the connection is gone. */
export function afterOwedAnswers(socket: Socket, then: () => void): void {
  const owed = answerUnderWay(socket);
  if (owed === undefined || socket.destroyed) then();
  else owed.once('close', () => afterOwedAnswers(socket, then));
}

/**
 * Lets answers that wait for a slow reader go on. Node forgets to after a CONNECT, when it lets go of the connection
 * that they still have to leave by (26.10).
 */
export function passDrainOn(socket: Socket): void {
  socket.on('drain', () => {
    const answer = answerUnderWay(socket);
    if (answer !== undefined && !answer.writableEnded && answer.writableLength === 0) answer.emit('drain');
  });
}

/** A client that doesn't read the last answer is let go after this. */
const LINGER_MS = 1_000;

/** Puts a response on a connection that Node gives none to any more; the connection ends with it. */
export function assignLast(res: ServerResponse, socket: Socket): void {
  res.shouldKeepAlive = false;
  if (!socket.writable) {
    // Nobody will read it, yet it has its line in the log.
    process.nextTick(() => res.emit('close'));
    return;
  }
  // An early close of the socket is passed on to the response.
  res.assignSocket(socket);
  res.once('finish', () => {
    res.detachSocket(socket);
    // What the client goes on sending is thrown away: with it unread, closing would be a reset that overtakes the answer.
    socket.resume();
    socket.end();
    const timer = setTimeout(() => socket.destroy(), LINGER_MS);
    socket.once('close', () => clearTimeout(timer));
    res.emit('close');
  });
}
