import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Gateway } from '../gateway.ts';
import { isRouted } from '../pipeline/match.ts';
import { findFramingFault } from '../server/framing.ts';
import { answerUnderWay } from '../server/owed-answers.ts';

/** Asked by Node whether an upgrade is emitted, or served as the plain request that it also is. */
type ShouldUpgrade = (this: Pick<Server, 'listenerCount'>, req: IncomingMessage) => boolean;

type UpgradingServer = Server & { shouldUpgradeCallback: ShouldUpgrade };

/** Express leaves the mount out of `url`, and keeps both; so is it done here. */
type ExpressUrls = IncomingMessage & { originalUrl?: string; baseUrl?: string };

export interface UpgradeOptions {
  readonly gateway: Pick<Gateway, 'wantsUpgrade' | 'upgrade' | 'snapshot'>;
  /** Where the gateway is mounted, without a slash at the end; empty for everything. */
  readonly mount: string;
}

/**
 * Takes from a server the WebSockets that a route takes. Whatever else asks for an upgrade is served as if nobody had
 * come here: by other listeners, and without any as a plain request. A mere listener would keep Node from the latter,
 * and leave the connection to nobody.
 *
 * @returns what undoes it
 */
export function attachUpgrades(given: Server, { gateway, mount }: UpgradeOptions): () => void {
  const server = given as UpgradingServer;
  const before = server.shouldUpgradeCallback;
  const taken = new WeakMap<IncomingMessage, string>();
  let isDetached = false;

  function isOurs(req: IncomingMessage): boolean {
    const url = belowMount(req.url ?? '/', mount);
    if (url === undefined || !gateway.wantsUpgrade(req) || !isRouted(req, url, gateway.snapshot.table)) return false;
    // The connection can't be handed over while an earlier request on it waits.
    if (answerUnderWay(req.socket) !== undefined || findFramingFault(req) !== undefined) return false;
    taken.set(req, url);
    return true;
  }

  const shouldUpgrade: ShouldUpgrade = function shouldUpgrade(req) {
    if (isDetached) return before.call(this, req);
    return isOurs(req) || before.call(withoutUs(this), req);
  };

  function onUpgrade(req: ExpressUrls, socket: Duplex, head: Buffer): void {
    const url = taken.get(req);
    if (url === undefined) return;
    taken.delete(req);
    req.originalUrl = req.url as string;
    req.baseUrl = mount;
    req.url = url;
    gateway.upgrade(req, socket, head);
  }

  server.shouldUpgradeCallback = shouldUpgrade;
  server.on('upgrade', onUpgrade);
  return () => {
    isDetached = true;
    server.off('upgrade', onUpgrade);
    // Somebody may have come after us: then this one goes on, and passes every question on.
    if (server.shouldUpgradeCallback === shouldUpgrade) server.shouldUpgradeCallback = before;
  };
}

/** Node's own answer is whether anybody listens; we don't, for what is not ours. */
function withoutUs(server: Pick<Server, 'listenerCount'>): Pick<Server, 'listenerCount'> {
  return Object.assign(Object.create(server) as Pick<Server, 'listenerCount'>, {
    listenerCount: (name: string) => server.listenerCount(name) - (name === 'upgrade' ? 1 : 0),
  });
}

/** The rest of a URL behind the mount; undefined for what is not below it. */
function belowMount(url: string, mount: string): string | undefined {
  if (!url.startsWith(mount)) return undefined;
  const rest = url.slice(mount.length);
  if (rest.startsWith('/')) return rest;
  return mount !== '' && /^(?:\?|$)/.test(rest) ? `/${rest}` : undefined;
}
