import type { Connect, Connections } from '../deps.ts';
import { createTransport, type TransportController, type TransportHandler } from '../upstream/transport.ts';
import type { LiveTargets } from './live-targets.ts';
import { type Stub, type StubOptions, startStub } from './stub-service.ts';

type Asked = Parameters<Connections['send']>[0];
type Handler = TransportHandler;

/** Stubs in the place of services that nobody runs, started when they are first needed. */
export interface StandIns {
  readonly connect: Connect;
  /** Whether calls to this address get a stub now. */
  isStubbed(origin: string): boolean;
  /** The services at an address. */
  servicesAt(origin: string): readonly string[];
  /** Resolves when who listens is known of all addresses that are asked for so far. */
  ready(): Promise<void>;
  close(): Promise<void>;
}

/** Errors of a call that has reached nobody: it may go to the stub instead. */
const REACHED_NOBODY = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);

/**
 * Connections that lead to a service where somebody listens, and to a stub of its name on a port of its own where
 * nobody does: it is a server like any other, so that streams and WebSockets work as they will with the real one.
 */
export function createStandIns(live: LiveTargets, optionsOf: (service: string) => Omit<StubOptions, 'port'>): StandIns {
  const stubs = new Map<string, Promise<{ readonly stub: Stub; readonly connections: Connections }>>();
  const services = new Map<string, Set<string>>();

  function stubOf(service: string) {
    let stub = stubs.get(service);
    if (stub === undefined) {
      stub = startStub({ ...optionsOf(service), port: 0 }).then((started) => ({
        stub: started,
        connections: createTransport(`http://127.0.0.1:${started.port}`) as Connections,
      }));
      stubs.set(service, stub);
    }
    return stub;
  }

  async function send(origin: string, service: string, real: Connections, asked: Asked, handler: Handler) {
    const toStub = async (): Promise<void> => (await stubOf(service)).connections.send(asked, handler);
    if (!(await live.isLive(origin))) return toStub();
    // A body that streams has been begun with: it can't be sent a second time.
    const mayGoAgain = asked.body === null || typeof asked.body === 'string' || Buffer.isBuffer(asked.body);
    const reachedNobody = (): boolean => {
      live.noteGone(origin);
      if (mayGoAgain) toStub().catch(failer(handler));
      return mayGoAgain;
    };
    real.send(asked, new WatchedHandler(handler, reachedNobody));
  }

  function connectTo(origin: string, service: string, real: Connections): Connections {
    return {
      send(asked, handler) {
        send(origin, service, real, asked, handler).catch(failer(handler));
      },
      close: () => real.close(),
    };
  }

  return {
    connect(origin, service, real) {
      // Who is no service (keys of an issuer, an auth service) is asked itself.
      if (service === undefined || real === undefined) return undefined;
      const names = services.get(origin) ?? new Set();
      services.set(origin, names.add(service));
      void live.isLive(origin);
      return connectTo(origin, service, real());
    },
    isStubbed: (origin) => live.seen(origin) === false,
    servicesAt: (origin) => [...(services.get(origin) ?? [])],
    async ready() {
      await Promise.all([...services.keys()].map((origin) => live.isLive(origin)));
    },
    async close() {
      const started = await Promise.allSettled(stubs.values());
      for (const one of started) if (one.status === 'fulfilled') one.value.connections.close();
      await Promise.all(started.map((one) => (one.status === 'fulfilled' ? one.value.stub.stop() : undefined)));
    },
  };
}

function failer(handler: Handler): (error: unknown) => void {
  return (error) => handler.onResponseError?.(NOBODY, error as Error);
}

/** What a call is held by that has no connection. */
const NOBODY: TransportController = {
  aborted: false,
  paused: false,
  reason: null,
  abort() {},
  pause() {},
  resume() {},
};

/** Passes everything on but an error before anybody was reached, if somebody else takes the call then. */
class WatchedHandler implements TransportHandler {
  readonly #to: Handler;
  readonly #reachedNobody: () => boolean;

  constructor(to: Handler, reachedNobody: () => boolean) {
    this.#to = to;
    this.#reachedNobody = reachedNobody;
  }

  onRequestStart(...told: Parameters<NonNullable<Handler['onRequestStart']>>): void {
    this.#to.onRequestStart?.(...told);
  }

  onBodySent(...told: Parameters<NonNullable<Handler['onBodySent']>>): void {
    this.#to.onBodySent?.(...told);
  }

  onRequestSent(): void {
    this.#to.onRequestSent?.();
  }

  onRequestUpgrade(...told: Parameters<NonNullable<Handler['onRequestUpgrade']>>): void {
    this.#to.onRequestUpgrade?.(...told);
  }

  onResponseStart(...told: Parameters<NonNullable<Handler['onResponseStart']>>): void {
    this.#to.onResponseStart?.(...told);
  }

  onResponseData(...told: Parameters<NonNullable<Handler['onResponseData']>>): void {
    this.#to.onResponseData?.(...told);
  }

  onResponseEnd(...told: Parameters<NonNullable<Handler['onResponseEnd']>>): void {
    this.#to.onResponseEnd?.(...told);
  }

  onResponseError(controller: TransportController, error: Error & { code?: string }): void {
    if (REACHED_NOBODY.has(error.code ?? '') && this.#reachedNobody()) return;
    this.#to.onResponseError?.(controller, error);
  }
}
