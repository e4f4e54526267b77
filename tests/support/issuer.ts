import type { KeyObject } from 'node:crypto';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { signRs256 } from './auth.ts';

export interface IssuerKey {
  readonly kid: string;
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

/** An issuer of tokens that publishes its keys, counts who asks, and breaks when a test wants it to. */
export class FakeIssuer {
  keys: IssuerKey[];
  /** Paths that were asked for, in order. */
  readonly asked: string[] = [];
  /** What to do instead of answering. */
  fault: ((req: IncomingMessage, res: ServerResponse) => void) | undefined;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #scheme: 'http' | 'https';

  constructor(keys: IssuerKey[], tls?: { readonly key: string; readonly cert: string }) {
    this.keys = keys;
    const handle: RequestListener = (req, res) => this.#answer(req, res);
    this.#scheme = tls === undefined ? 'http' : 'https';
    this.#server = tls === undefined ? createServer(handle) : createTlsServer(tls, handle);
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
  }

  async listen(port = 0): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(port, '127.0.0.1', resolve));
    return this;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `${this.#scheme}://localhost:${this.port}`;
  }

  get jwksUrl(): string {
    return `${this.url}/keys`;
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  sign(key: IssuerKey, claims: object, header: object = {}): string {
    return signRs256({ kid: key.kid, ...header }, { iss: this.url, ...claims }, key.privateKey);
  }

  #answer(req: IncomingMessage, res: ServerResponse): void {
    this.asked.push(req.url ?? '');
    if (this.fault !== undefined) {
      this.fault(req, res);
      return;
    }
    res.setHeader('content-type', 'application/json');
    if (req.url === '/.well-known/openid-configuration') {
      res.end(JSON.stringify({ issuer: this.url, jwks_uri: this.jwksUrl }));
    } else {
      const keys = this.keys.map(({ kid, publicKey }) => ({
        ...publicKey.export({ format: 'jwk' }),
        kid,
        use: 'sig',
        alg: 'RS256',
      }));
      res.end(JSON.stringify({ keys }));
    }
  }
}
