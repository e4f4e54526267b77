import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { GatewayError } from '../errors.ts';
import { findFramingFault } from './framing.ts';
import { afterOwedAnswers, answerUnderWay, assignLast, passDrainOn } from './owed-answers.ts';
import { queueRequest, refuseHeld } from './queued-answers.ts';
import { type ConnectionError, isBrokenConnection, refusalOf, standInFor } from './refuse-connection.ts';

export type RequestListener = (req: IncomingMessage, res: ServerResponse) => void;

/** What the main port serves. */
export interface Front {
  /** What requests and responses are made from; see express-app.ts. */
  readonly classes: {
    readonly IncomingMessage: typeof IncomingMessage;
    readonly ServerResponse: typeof ServerResponse;
  };
  readonly handler: RequestListener;
  /** Answers a request that no route may see. */
  readonly refuse: (req: IncomingMessage, res: ServerResponse, error: GatewayError) => void;
  /** Ends a request under way, with this error where its answer has not begun; without one its client has left. */
  readonly fail: (req: IncomingMessage, error: GatewayError | undefined) => void;
  /** Whether a route takes this upgrade; any other (h2c) is served as the plain request that it also is. */
  readonly wantsUpgrade: (req: IncomingMessage) => boolean;
  readonly upgrade: (req: IncomingMessage, socket: Duplex, head: Buffer) => void;
}

const SECOND_MS = 1000;

/** Bytes of header fields that a request may have; more is 431. */
export const MAX_HEADER_BYTES = 16 * 1024;

/**
 * The server of the main port, not listening yet.
 *
 * It limits what needs no route: the size of the head, how long a head may drip, how many requests a connection has
 * under way, what is no HTTP. Deadlines of bodies belong to routes, so `requestTimeout` is off here and the body's
 * reader keeps an idle deadline. `keepAliveMs`: how long a connection stays open between two requests.
 */
export function createFrontServer(front: Front, keepAliveMs = 65 * SECOND_MS): Server {
  const door = createDoor(front);
  const server = createServer(
    {
      ...front.classes,
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: 15 * SECOND_MS,
      requestTimeout: 0,
      connectionsCheckingInterval: 2 * SECOND_MS,
      // Above that of the load balancer: whoever closes first must be the balancer.
      keepAliveTimeout: keepAliveMs,
      // Asked for by `findFramingFault`, whose refusal has a body.
      requireHostHeader: false,
      insecureHTTPParser: false,
      noDelay: true,
      // A request without a body has ended when it comes (Node 24.12 and later): 5 to 7 % less CPU.
      optimizeEmptyRequests: true,
      // Without this an upgrade that nobody takes (h2c of some Java clients) would be destroyed. The connection can't
      // be handed over while an earlier request on it waits: one pipelined handshake would end the process.
      shouldUpgradeCallback: (req) =>
        front.wantsUpgrade(req) && answerUnderWay(req.socket) === undefined && findFramingFault(req) === undefined,
    },
    door.serve,
  );
  // `100 Continue` is written when the body is about to be read, so that a refusal comes before the upload.
  server.on('checkContinue', door.serve);
  server.on('checkExpectation', door.serve);
  // A server of TCP is given sockets.
  server.on('clientError', (error, socket) => door.refuseConnection(error, socket as Socket));
  server.on('connect', door.refuseConnect);
  server.on('upgrade', front.upgrade);
  return server;
}

/** Starts to listen; resolves to the port, which the system chose when 0 was asked for. */
export function listen(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host }, () => {
      server.off('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

/** How what comes in at the sockets is let in, queued or refused; what is owed on a connection is answered first. */
export function createDoor({ handler, refuse: answerRefusal, fail, classes }: Front) {
  /** Connections whose last request, which is kept here, has been read: what comes behind it is none. */
  const last = new WeakMap<Socket, IncomingMessage>();
  /** Connections whose bytes are no requests any more; those that came before are still answered. */
  const unreadable = new WeakSet<Socket>();

  function serve(req: IncomingMessage, res: ServerResponse): void {
    if (res.socket === null) queueRequest(req, res, begin);
    else begin(req, res);
  }

  function begin(req: IncomingMessage, res: ServerResponse, known?: GatewayError): void {
    const fault = known ?? findFramingFault(req);
    if (fault !== undefined) {
      refuseAndEnd(req, res, fault);
      return;
    }
    // Queued, it may stand behind the last one; with that one answered, the end of the connection is on its way.
    if (res.socket === null ? last.has(req.socket) : req.socket.writableEnded) return;
    if (req.headers.upgrade !== undefined) endWith(req, res);
    handler(req, res);
  }

  /**
   * An upgrade that is taken never comes here. Behind one that is not, Node throws away what else the packet holds
   * (26.10): half a request may be among it, and its other half must not be read as a whole one.
   */
  function endWith(req: IncomingMessage, res: ServerResponse): void {
    last.set(req.socket, req);
    res.shouldKeepAlive = false;
  }

  function refuseAndEnd(req: IncomingMessage, res: ServerResponse, fault: GatewayError): void {
    if (last.has(req.socket)) return;
    endWith(req, res);
    answerRefusal(req, res, fault);
  }

  /** Answers what is no valid HTTP: after a framing error nobody knows where the next request begins (RFC 9112, 11.2). */
  function refuseConnection(error: ConnectionError, socket: Socket): void {
    if (isBrokenConnection(error)) {
      socket.destroy();
      return;
    }
    const refusal = refusalOf(error);
    const broken = findBrokenUpload(socket);
    if (refusal === undefined || isOver(socket, broken)) {
      endWhenIdle(socket);
      return;
    }
    unreadable.add(socket);
    if (broken === undefined) refuseLast(standInFor(error, socket, classes.IncomingMessage), socket, refusal);
    else if (!refuseHeld(broken, refusal)) fail(broken, error.code === 'HPE_INVALID_EOF_STATE' ? undefined : refusal);
  }

  /** Whether what comes is of no interest any more: the parser says so again for each packet. */
  function isOver(socket: Socket, broken: IncomingMessage | undefined): boolean {
    if (socket.writableEnded || unreadable.has(socket)) return true;
    return last.has(socket) && last.get(socket) !== broken;
  }

  /** This is no forward proxy (RFC 9110, section 9.3.6). */
  function refuseConnect(req: IncomingMessage): void {
    const { socket } = req;
    socket.on('error', () => socket.destroy());
    socket.on('timeout', () => socket.destroy());
    passDrainOn(socket);
    socket.resume();
    if (!last.has(socket)) refuseLast(req, socket, connectRefused());
  }

  function refuseLast(req: IncomingMessage, socket: Socket, refusal: GatewayError): void {
    afterOwedAnswers(socket, () => {
      const res = new classes.ServerResponse(req);
      assignLast(res, socket);
      answerRefusal(req, res, refusal);
    });
  }

  return { serve, refuseConnection, refuseConnect };
}

/** The request whose body is being read, when what can't be read is that: the refusal is its answer. */
function findBrokenUpload(socket: Socket): IncomingMessage | undefined {
  const incoming = (socket as Socket & { parser?: { incoming?: IncomingMessage | null } | null }).parser?.incoming;
  return incoming?.complete === false ? incoming : undefined;
}

function endWhenIdle(socket: Socket): void {
  if (answerUnderWay(socket) === undefined && !socket.writableEnded) socket.end();
}

function connectRefused(): GatewayError {
  return new GatewayError('method_not_allowed', 'CONNECT is not served here.', {
    headers: ['allow', 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS'],
  });
}
