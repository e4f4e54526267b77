import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { GatewayError } from '../errors.ts';

/** Requests that one connection may have under way; further ones are read when answers have left. */
const MAX_PIPELINED = 32;

/**
 * Requests that may wait to begin before the connection is read no further. Up to here it is read on, since only who
 * reads notices that a client has left: what it has in flight would take its places until the services' deadlines.
 */
const MAX_HELD = 2_000;

/** Begins a request; with a fault, by refusing it. */
export type Begin = (req: IncomingMessage, res: ServerResponse, fault?: GatewayError) => void;

interface Held {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  /** Each its own: several gateways may be mounted in the application that has this connection. */
  readonly begin: Begin;
  fault: GatewayError | undefined;
}

/** What one connection has beside the request whose turn it is. Made for connections that pipeline, and no others. */
class Pipeline {
  /** Begun, and answered in their turn. */
  readonly #waiting = new Set<ServerResponse>();
  /** Read, and not begun yet. */
  readonly #held: Held[] = [];
  readonly #socket: Socket;

  constructor(socket: Socket) {
    this.#socket = socket;
    // Node tells the responses itself, unless a CONNECT has come in the meantime: then it lets go of the connection,
    // and forgets the queue (24.21 and 26.10). Node 22 never does, and ends an answer that has no connection without a
    // word.
    socket.once('close', () => {
      this.#held.length = 0;
      for (const res of this.#waiting) res.destroy();
      // Node 24 tells their listeners before this turn is over.
      setImmediate(() => {
        for (const res of this.#waiting) res.emit('close');
      });
    });
    // Node resumes when a body is read or an answer has drained; what comes then must wait as well.
    socket.on('resume', () => {
      if (this.#held.length >= MAX_HELD) socket.pause();
    });
  }

  add(request: Held): void {
    if (this.#held.length === 0 && this.#waiting.size < MAX_PIPELINED - 1) {
      this.#start(request);
      return;
    }
    this.#held.push(request);
    // The rest of this packet still comes, since the parser can't stop in the middle of one; no other does.
    if (this.#held.length >= MAX_HELD) this.#socket.pause();
  }

  /** True when the request has not begun yet: it will be refused instead. */
  refuseHeld(req: IncomingMessage, fault: GatewayError): boolean {
    const held = this.#held.find((one) => one.req === req);
    if (held !== undefined) held.fault = fault;
    return held !== undefined;
  }

  #start({ req, res, begin, fault }: Held): void {
    this.#waiting.add(res);
    res.once('close', () => this.#left(res));
    begin(req, res, fault);
  }

  #left(res: ServerResponse): void {
    this.#waiting.delete(res);
    if (this.#held.length === 0 || this.#socket.destroyed) return;
    const wasFull = this.#held.length >= MAX_HELD;
    while (this.#waiting.size < MAX_PIPELINED - 1) {
      const next = this.#held.shift();
      if (next === undefined) break;
      this.#start(next);
    }
    if (wasFull && this.#held.length < MAX_HELD) this.#socket.resume();
  }
}

const pipelines = new WeakMap<Socket, Pipeline>();

/** Takes in a request that came before the answer to the one before it had left. */
export function queueRequest(req: IncomingMessage, res: ServerResponse, begin: Begin): void {
  const { socket } = req;
  let pipeline = pipelines.get(socket);
  if (pipeline === undefined) {
    pipeline = new Pipeline(socket);
    pipelines.set(socket, pipeline);
  }
  pipeline.add({ req, res, begin, fault: undefined });
}

/** Refuses a request that is queued and has not begun; false for any other. */
export function refuseHeld(req: IncomingMessage, fault: GatewayError): boolean {
  return pipelines.get(req.socket)?.refuseHeld(req, fault) === true;
}
