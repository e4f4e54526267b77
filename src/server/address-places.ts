import type { Logger } from 'winston';
import type { RequestContext } from '../context.ts';
import { GatewayError } from '../errors.ts';
import { addressKey } from '../limits/subject.ts';

/** What one client address has in flight, and what is known of it. */
class AddressPlaces {
  inFlight = 0;
  /** Whether it speaks for others: it has sent X-Forwarded-For, and TRUST_PROXY does not cover it. */
  forwards = false;
  /** When it last asked for itself, on the scale of `performance.now()`. */
  askedAtMs = Number.NEGATIVE_INFINITY;

  /** Gives a place back. */
  leave(): void {
    this.inFlight -= 1;
  }
}

/** Addresses with nothing in flight are kept until so many are known: most of them come back at once. */
const MANY_ADDRESSES = 10_000;

/** A client that came directly is reckoned with for so long. */
const REMEMBERED_MS = 10 * 60 * 1000;

/** The clients that came directly, as far as one has to know: the last two addresses, of which one may be one's own. */
class DirectClients {
  #last: AddressPlaces | undefined;
  #before: AddressPlaces | undefined;

  note(places: AddressPlaces, nowMs: number): void {
    places.askedAtMs = nowMs;
    if (places === this.#last) return;
    this.#before = this.#last;
    this.#last = places;
  }

  /** Whether another address has come for itself of late. */
  hasOthers(than: AddressPlaces, nowMs: number): boolean {
    return isOther(this.#last, than, nowMs) || isOther(this.#before, than, nowMs);
  }
}

function isOther(one: AddressPlaces | undefined, than: AddressPlaces, nowMs: number): boolean {
  return one !== undefined && one !== than && !one.forwards && nowMs - one.askedAtMs < REMEMBERED_MS;
}

/**
 * Bounds what one client address may have in flight, so that one client can't take a service from all others: what is
 * beyond `max` is refused with 429 `too_many_concurrent`. An open WebSocket doesn't count; it has bounds of its own.
 *
 * A proxy that speaks for many is not bounded. It is one when TRUST_PROXY covers it and it names no client. A peer that
 * TRUST_PROXY does not cover, but that sends X-Forwarded-For, is believed to be one (and told of in the log, once) as
 * long as nobody comes directly. Behind a load balancer nobody does; where others do, the field may be made up.
 */
export function createAddressBound(max: number, log: Pick<Logger, 'warn'>): (context: RequestContext) => boolean {
  const all = new Map<string, AddressPlaces>();
  const direct = new DirectClients();
  let pruneAt = MANY_ADDRESSES;
  let hasWarned = false;

  /** Whether the bound holds for a request; notes from whom it came. */
  function isBounded({ req, peerTrusted, peerAddress, startedAtMs }: RequestContext, places: AddressPlaces): boolean {
    if (peerTrusted || req.headers['x-forwarded-for'] === undefined) {
      if (!places.forwards) direct.note(places, startedAtMs);
      return !places.forwards || direct.hasOthers(places, startedAtMs);
    }
    places.forwards = true;
    if (!hasWarned) {
      hasWarned = true;
      log.warn(
        `${peerAddress} sends X-Forwarded-For and TRUST_PROXY does not cover it: if it is your load balancer, set TRUST_PROXY; until then all of its clients count as one address`,
      );
    }
    return direct.hasOthers(places, startedAtMs);
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
    const { peerTrusted, peerAddress, clientAddress } = context;
    if (peerTrusted && clientAddress === peerAddress) return true;
    const places = placesOf(addressKey(clientAddress));
    if (isBounded(context, places) && places.inFlight >= max) {
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
