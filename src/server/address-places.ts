import type { Logger } from 'winston';
import type { RequestContext } from '../context.ts';
import { GatewayError } from '../errors.ts';
import { addressKey } from '../limits/subject.ts';

/** What one client address has in flight. */
class AddressPlaces {
  inFlight = 0;

  /** Gives a place back. */
  leave(): void {
    this.inFlight -= 1;
  }
}

/** Addresses with nothing in flight are kept until so many are known: most of them come back at once. */
const MANY_ADDRESSES = 10_000;

/**
 * Bounds what one client address may have in flight, so that one client can't take a service from all others: what is
 * beyond `max` is refused with 429 `too_many_concurrent`. An open WebSocket doesn't count; it has bounds of its own.
 *
 * A proxy that speaks for many is not bounded: one that TRUST_PROXY covers, when it names no client, and one that it
 * does not cover, but that sends X-Forwarded-For. The latter is told in the log, once.
 */
export function createAddressBound(max: number, log: Pick<Logger, 'warn'>): (context: RequestContext) => boolean {
  const all = new Map<string, AddressPlaces>();
  let pruneAt = MANY_ADDRESSES;
  let hasWarned = false;

  function isProxy({ req, peerTrusted, peerAddress, clientAddress }: RequestContext): boolean {
    if (peerTrusted) return clientAddress === peerAddress;
    if (req.headers['x-forwarded-for'] === undefined) return false;
    if (!hasWarned) {
      hasWarned = true;
      log.warn(
        `${peerAddress} sends X-Forwarded-For and TRUST_PROXY does not cover it: if it is your load balancer, set TRUST_PROXY; until then all of its clients count as one address`,
      );
    }
    return true;
  }

  function placesOf(address: string): AddressPlaces {
    let places = all.get(address);
    if (places === undefined) {
      if (all.size >= pruneAt) prune();
      places = new AddressPlaces();
      all.set(address, places);
    }
    return places;
  }

  function prune(): void {
    for (const [address, { inFlight }] of all) if (inFlight === 0) all.delete(address);
    pruneAt = Math.max(MANY_ADDRESSES, 2 * all.size);
  }

  /** Takes a place for the request; false, with the refusal in the context, when its address has no more. */
  return function takePlace(context) {
    if (isProxy(context)) return true;
    const places = placesOf(addressKey(context.clientAddress));
    if (places.inFlight >= max) {
      context.refusal = new GatewayError(
        'too_many_concurrent',
        `This address has ${max} requests in flight; let some of them finish first.`,
        { retryAfterSeconds: 1 },
      );
      return false;
    }
    places.inFlight += 1;
    context.places = places;
    return true;
  };
}
