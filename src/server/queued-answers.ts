import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

const waitingOn = new WeakMap<Socket, Set<ServerResponse>>();

/**
 * Sees to it that an answer which waits for its turn on a pipelined connection ends with that connection. Node does so
 * itself, unless a CONNECT has come in the meantime: then it lets go of the connection, and forgets the queue (24.21
 * and 26.10). Node 22 never does, and ends an answer that has no connection without a word.
 */
export function endWithConnection(res: ServerResponse, socket: Socket): void {
  const waiting = waitingOn.get(socket) ?? watch(socket);
  waiting.add(res);
  res.once('close', () => waiting.delete(res));
}

/** One listener a connection, however many requests are pipelined on it. */
function watch(socket: Socket): Set<ServerResponse> {
  const waiting = new Set<ServerResponse>();
  waitingOn.set(socket, waiting);
  socket.once('close', () => {
    for (const res of waiting) res.destroy();
    // Node 24 tells their listeners before this turn is over.
    setImmediate(() => {
      for (const res of waiting) res.emit('close');
    });
  });
  return waiting;
}
