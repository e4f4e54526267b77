import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { endWithConnection } from './queued-answers.ts';
import { rawProblem, refuseConnection, refuseRequest } from './refuse-connection.ts';

export type RequestListener = (req: IncomingMessage, res: ServerResponse) => void;

/** What the main port serves. */
export interface Front {
  /** What requests and responses are made from; see express-app.ts. */
  readonly classes?: {
    readonly IncomingMessage: typeof IncomingMessage;
    readonly ServerResponse: typeof ServerResponse;
  };
  readonly handler: RequestListener;
  /** Whether a route takes this upgrade; any other (h2c) is served as the plain request that it also is. */
  readonly wantsUpgrade?: (req: IncomingMessage) => boolean;
  readonly upgrade?: (req: IncomingMessage, socket: Duplex, head: Buffer) => void;
}

const SECOND_MS = 1000;

/** Bytes of header fields that a request may have; more is 431. */
const MAX_HEADER_BYTES = 16 * 1024;

/**
 * The server of the main port, not listening yet.
 *
 * It limits what needs no route: the size of the head, how long a head may drip, what is no HTTP. Deadlines of bodies
 * belong to routes, so `requestTimeout` is off here and the body's reader keeps an idle deadline.
 */
export function createFrontServer(front: Front): Server {
  function serve(req: IncomingMessage, res: ServerResponse): void {
    if (res.socket === null) endWithConnection(res, req.socket);
    if (hasOneHost(req)) front.handler(req, res);
    else refuseRequest(res, 'bad_framing', ONE_HOST);
  }

  function upgrade(req: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (hasOneHost(req)) front.upgrade?.(req, socket, head);
    else refuseConnection(new Error(ONE_HOST), socket);
  }

  const server = createServer(
    {
      ...front.classes,
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: 15 * SECOND_MS,
      requestTimeout: 0,
      connectionsCheckingInterval: 2 * SECOND_MS,
      // Above the 60 s of common load balancers: whoever closes first must be the balancer.
      keepAliveTimeout: 65 * SECOND_MS,
      // Asked for by `hasOneHost`, whose refusal has a body.
      requireHostHeader: false,
      insecureHTTPParser: false,
      noDelay: true,
      // A request without a body has ended when it comes (Node 24.12 and later): 5 to 7 % less CPU.
      optimizeEmptyRequests: true,
      // Without this an upgrade that nobody takes (h2c of some Java clients) would be destroyed.
      shouldUpgradeCallback: (req) => front.wantsUpgrade?.(req) === true && !owesAnswer(req.socket),
    },
    serve,
  );
  // `100 Continue` is written when the body is about to be read, so that a refusal comes before the upload.
  server.on('checkContinue', serve);
  server.on('checkExpectation', (_req, res: ServerResponse) => refuseRequest(res, 'bad_request', ONE_EXPECTATION));
  server.on('clientError', refuseConnection);
  server.on('connect', (_req, socket) => refuseConnect(socket));
  if (front.upgrade !== undefined) server.on('upgrade', upgrade);
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

const ONE_HOST = 'An HTTP/1.1 request has exactly one Host (RFC 9112, section 3.2).';
const ONE_EXPECTATION = 'The only expectation that is understood is 100-continue (RFC 9110, section 10.1.1).';

/** Node's own check is content with two, of which two readers may believe different ones. HTTP/1.0 needs none. */
function hasOneHost({ rawHeaders, httpVersionMinor }: IncomingMessage): boolean {
  let hosts = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string;
    if (name.length === 4 && name.toLowerCase() === 'host') hosts += 1;
  }
  return hosts === 1 || (hosts === 0 && httpVersionMinor === 0);
}

/**
 * True while an earlier request on this connection waits for its answer. The connection can't be handed over then, and
 * a response of ours can't be assigned to it: one pipelined handshake would end the process.
 */
function owesAnswer(socket: Socket): boolean {
  return ((socket as Socket & { _httpMessage?: object | null })._httpMessage ?? null) !== null;
}

/** This is no forward proxy (RFC 9110, section 9.3.6). */
function refuseConnect(socket: Duplex): void {
  socket.on('error', () => socket.destroy());
  socket.end(
    rawProblem('method_not_allowed', 'CONNECT is not served here.', [
      'Allow',
      'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS',
    ]),
  );
  (socket as Socket).setTimeout?.(SECOND_MS, () => socket.destroy());
}
