import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { isIP } from 'node:net';
import { createNetworkTest, type NetworkTest } from './network-test.ts';

/** Who may say where a request came from: nobody, the last so many proxies, or proxies of these networks. */
export type Trust =
  | { readonly kind: 'none' }
  | { readonly kind: 'hops'; readonly hops: number }
  | { readonly kind: 'networks'; readonly networks: readonly string[] };

/** Where the resolver writes what it found. */
export interface ClientAddress {
  /** The other end of the socket. */
  peerAddress: string;
  /** Whether the peer may speak for others: its X-Forwarded-* and X-Request-Id count. */
  peerTrusted: boolean;
  clientAddress: string;
  /** As the client sees it: of the socket, or what a trusted peer says in X-Forwarded-Proto. */
  scheme: 'http' | 'https';
}

/** More entries of X-Forwarded-For than these are not looked at: nobody has so many proxies. */
const MAX_HOPS = 32;

interface KnownPeer {
  readonly address: string;
  readonly isTrusted: boolean;
  readonly scheme: 'http' | 'https';
}

type PeerSocket = Socket & { encrypted?: boolean };
type KnownPeers = Record<symbol, KnownPeer | undefined>;

/**
 * Finds the client of each request once, so that the limiter, the log and the service are told the same.
 *
 * X-Forwarded-For is walked from the right, past what is trusted: the first entry that is not is the client. An entry
 * that is no address ends the walk, since whoever wrote it can't be believed about what is further left.
 */
export function createAddressResolver(trust: Trust): (req: IncomingMessage, into: ClientAddress) => void {
  // One of its own: another gateway on the same connection may trust others.
  const kPeer = Symbol('peer address');
  const networks = trust.kind === 'networks' ? createNetworkTest(trust.networks) : undefined;
  const maxHops = trust.kind === 'hops' ? trust.hops : MAX_HOPS;
  const trustsPeer = (address: string): boolean => networks?.(address) ?? maxHops > 0;

  function knownPeer(socket: PeerSocket): KnownPeer {
    const known = socket as unknown as KnownPeers;
    let peer = known[kPeer];
    if (peer === undefined) {
      const address = plainAddress(socket.remoteAddress ?? '') ?? '';
      const scheme = socket.encrypted === true ? 'https' : 'http';
      peer = { address, isTrusted: trust.kind !== 'none' && trustsPeer(address), scheme };
      known[kPeer] = peer;
    }
    return peer;
  }

  return function resolveAddress(req, into) {
    const peer = knownPeer(req.socket);
    into.peerAddress = peer.address;
    into.peerTrusted = peer.isTrusted;
    into.scheme = peer.scheme;
    into.clientAddress = peer.address;
    if (!peer.isTrusted) return;
    const forwarded = req.headers['x-forwarded-for'];
    if (forwarded !== undefined) into.clientAddress = walkBack(String(forwarded), peer.address, networks, maxHops);
    into.scheme = forwardedScheme(req.headers['x-forwarded-proto']) ?? peer.scheme;
  };
}

/** The client behind `peer`: like Express, `hops` proxies from the right are passed, or all of the networks. */
function walkBack(forwarded: string, peer: string, networks: NetworkTest | undefined, maxHops: number): string {
  let client = peer;
  let end = forwarded.length;
  // Entry by entry from the right, where the trusted ones write: how many a client has put before must not matter.
  for (let passed = 0; passed < maxHops && end >= 0; passed++) {
    const comma = end === 0 ? -1 : forwarded.lastIndexOf(',', end - 1);
    const entry = plainAddress(forwarded.slice(comma + 1, end));
    if (entry === undefined) break;
    client = entry;
    if (networks?.(entry) === false) break;
    end = comma;
  }
  return client;
}

/** The last proxy's word is the one that counts. */
function forwardedScheme(value: string | string[] | undefined): 'http' | 'https' | undefined {
  if (value === undefined) return undefined;
  const last = String(value).split(',').at(-1)?.trim().toLowerCase();
  return last === 'http' || last === 'https' ? last : undefined;
}

const MAPPED = '::ffff:';

/**
 * An address without what some proxies write around it: `1.2.3.4:5`, `[::1]:5`, `[::1]`, `::ffff:1.2.3.4`, a zone.
 * Undefined for anything that is no address.
 */
export function plainAddress(written: string): string | undefined {
  let text = written.trim();
  if (text.startsWith('[')) {
    const end = text.indexOf(']');
    if (end < 0 || !/^(?::\d{1,5})?$/.test(text.slice(end + 1))) return undefined;
    text = text.slice(1, end);
  } else if (text.includes('.')) {
    const port = /^([\d.]+):\d{1,5}$/.exec(text);
    if (port !== null) text = port[1] as string;
  }
  const zone = text.indexOf('%');
  if (zone >= 0) text = text.slice(0, zone);
  if (
    text.length > MAPPED.length &&
    text.slice(0, MAPPED.length).toLowerCase() === MAPPED &&
    isIP(text.slice(MAPPED.length)) === 4
  ) {
    return text.slice(MAPPED.length);
  }
  return isIP(text) === 0 ? undefined : text.toLowerCase();
}
