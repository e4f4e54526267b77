import type { ServerResponse } from 'node:http';

/**
 * Sees to it that a client reads an answer to its end: what is whole for us may still wait in the connection, and a
 * client that never reads would hold it, and its place at a service, for ever. The connection is ended when for
 * `idleMs` no byte of it moved. To be called when the answer has been ended; costs nothing where all of it is out.
 */
export function guardTail(res: ServerResponse, idleMs: number): void {
  const { socket } = res;
  if (socket === null) {
    // Pipelined behind another answer: its turn comes with the connection.
    if (!res.writableFinished && !res.destroyed) res.once('socket', () => process.nextTick(guardTail, res, idleMs));
    return;
  }
  if (socket.writableLength === 0) return;
  // A socket's own timeout looks for progress of a write under way; the server ends a connection when it passes.
  socket.setTimeout(idleMs);
  // Before Node's own listener, which sets the time that a kept-alive connection may be idle.
  res.prependOnceListener('finish', () => socket.setTimeout(0));
}
