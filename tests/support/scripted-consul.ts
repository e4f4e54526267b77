import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { TestContext } from 'node:test';
import { listenOn } from './service.ts';

/** A row of Consul's health endpoint: the part that matters, and some that doesn't. */
export interface ConsulInstance {
  readonly Node: { readonly Node: string; readonly Address: string };
  readonly Service: {
    readonly Service: string;
    readonly Address: string;
    readonly Port: number;
    readonly Weights?: { readonly Passing: number; readonly Warning: number };
  };
}

/** What answers a query in place of the honest answer. */
export type Misbehaviour = (req: IncomingMessage, res: ServerResponse) => void;

/** Speaks just enough of Consul's HTTP API, blocking queries included, and lies when it is told to. */
export interface ScriptedConsul {
  readonly url: string;
  readonly port: number;
  /** Every query so far. */
  readonly queries: readonly { readonly url: URL; readonly token: string | undefined }[];
  /** Queries that are held at the moment. */
  readonly held: number;
  /** The list from now on; held queries hear of it at once. The index counts on, unless one is given. */
  publish(addresses: readonly (string | ConsulInstance)[], index?: number): void;
  /** Answers every query so, the held ones too, until it is told to be honest again (undefined). */
  misbehave(misbehaviour: Misbehaviour | undefined): void;
  stop(): Promise<void>;
}

/** An instance at `host:port`; `nodeAddress` is where it runs when the service itself names no address. */
export function instanceAt(
  address: string,
  { weight, nodeAddress = '10.9.9.9' }: { weight?: number; nodeAddress?: string } = {},
): ConsulInstance {
  const colon = address.lastIndexOf(':');
  return {
    Node: { Node: 'node-1', Address: nodeAddress },
    Service: {
      Service: 'orders',
      Address: address.slice(0, colon),
      Port: Number(address.slice(colon + 1)),
      ...(weight !== undefined && { Weights: { Passing: weight, Warning: 1 } }),
    },
  };
}

export async function startScriptedConsul(t: Pick<TestContext, 'after'>, port = 0): Promise<ScriptedConsul> {
  const queries: { url: URL; token: string | undefined }[] = [];
  const held = new Map<ServerResponse, IncomingMessage>();
  let list: readonly ConsulInstance[] = [];
  let index = 10;
  let misbehaviour: Misbehaviour | undefined;

  function answer(req: IncomingMessage, res: ServerResponse): void {
    if (misbehaviour !== undefined) {
      misbehaviour(req, res);
      return;
    }
    res.writeHead(200, { 'content-type': 'application/json', 'x-consul-index': String(index) });
    res.end(JSON.stringify(list));
  }
  function answerHeld(): void {
    const waiting = [...held];
    held.clear();
    for (const [res, req] of waiting) answer(req, res);
  }

  const server = createServer((req, res) => {
    const url = new URL(req.url ?? '/', 'http://consul');
    const token = req.headers['x-consul-token'];
    queries.push({ url, token: typeof token === 'string' ? token : undefined });
    if (misbehaviour === undefined && url.searchParams.get('index') === String(index)) {
      held.set(res, req);
      res.on('close', () => held.delete(res));
    } else {
      answer(req, res);
    }
  });
  const listeningPort = await listenOn(server, port);
  const stop = async (): Promise<void> => {
    if (!server.listening) return;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeAllConnections();
    await closed;
  };
  t.after(stop);
  return {
    url: `http://127.0.0.1:${listeningPort}`,
    port: listeningPort,
    queries,
    get held() {
      return held.size;
    },
    publish(addresses, newIndex = index + 1) {
      list = addresses.map((address) => (typeof address === 'string' ? instanceAt(address) : address));
      index = newIndex;
      if (misbehaviour === undefined) answerHeld();
    },
    misbehave(next) {
      misbehaviour = next;
      answerHeld();
    },
    stop,
  };
}
