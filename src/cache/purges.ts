import type { Clock } from '../lib/clock.ts';
import type { Kind } from '../pool.ts';
import { SharedTimes, type SharedTimesOptions } from '../redis/shared-times.ts';
import type { Entry } from './entry.ts';
import { isPattern, isTag, matchesPattern } from './service-words.ts';

/** Nothing is used longer than this, so that a purge must be remembered no longer. */
export const LONGEST_USE_MS = 24 * 60 * 60 * 1000;
/** The clocks of gateways differ: what was asked for so shortly after a purge is not given out either. */
const SKEW_MS = 500;
/** More patterns than that at once, and all of the route is purged: each lookup tries them all. */
const MAX_PATTERNS = 200;

/** What is purged: all, a route, an URL, a tag, or what a pattern of URLs covers, of all routes or of one. */
export type Purge =
  | { readonly all: true }
  | { readonly route: string }
  | { readonly tag: string }
  | { readonly pattern: string; readonly ofRoute?: string };

/** Of this process, and of all gateways that share its Redis. */
export const purgesKind: Kind<Purges> = { name: 'cachePurges', close: (purges) => purges.close() };

interface PatternPurge {
  readonly name: string;
  readonly route: string | undefined;
  readonly pattern: string;
}

/**
 * What was purged, and when. Nothing is looked for and deleted: an answer that was asked for before a purge that is
 * about it is not given out, and goes the way of all that nobody uses.
 */
export class Purges {
  readonly #times: SharedTimes;
  readonly #clock: Clock;
  readonly #skewMs: number;
  /** The names of patterns that are known, read anew when the list has grown or shrunk. */
  #patterns: readonly PatternPurge[] = [];
  #patternsReadAt = -1;

  constructor(options: Omit<SharedTimesOptions, 'name'>) {
    this.#clock = options.clock;
    this.#skewMs = options.redis === undefined ? 0 : SKEW_MS;
    this.#times = new SharedTimes({ ...options, name: 'cache-purges' });
  }

  /** From now on. False where the words of the purge can't be ones. */
  add(purge: Purge): boolean {
    if ('all' in purge) return this.#add('all');
    if ('route' in purge) return this.#add(routeName(purge.route));
    if ('tag' in purge) return isTag(purge.tag) && this.#add(`t:${purge.tag}`);
    const { pattern, ofRoute } = purge;
    if (!isPattern(pattern)) return false;
    const name = `p:${JSON.stringify([ofRoute ?? null, pattern])}`;
    const isFull = this.#times.untilMs(name) === 0 && this.#readPatterns().length >= MAX_PATTERNS;
    if (isFull || name.length > MAX_NAME_CHARS)
      return ofRoute === undefined ? this.#add('all') : this.#add(routeName(ofRoute));
    return this.#add(name);
  }

  /** Whether an answer was purged after it was asked for. Costs next to nothing while nothing was purged. */
  covers(entry: Entry): boolean {
    if (this.#times.size === 0) return false;
    const { askedAtMs } = entry;
    if (this.#isAfter('all', askedAtMs) || this.#isAfter(routeName(entry.route), askedAtMs)) return true;
    if (entry.tags.some((tag) => this.#isAfter(`t:${tag}`, askedAtMs))) return true;
    return this.#readPatterns().some(
      ({ name, route, pattern }) =>
        (route === undefined || route === entry.route) &&
        this.#isAfter(name, askedAtMs) &&
        (matchesPattern(entry.path, pattern) || matchesPattern(`GET${entry.path}`, pattern)),
    );
  }

  close(): void {
    this.#times.close();
  }

  #add(name: string): boolean {
    const isAdded = this.#times.add(name, this.#clock.now() + LONGEST_USE_MS);
    this.#patternsReadAt = -1;
    return isAdded;
  }

  #isAfter(name: string, askedAtMs: number): boolean {
    const untilMs = this.#times.untilMs(name);
    return untilMs > 0 && askedAtMs <= untilMs - LONGEST_USE_MS + this.#skewMs;
  }

  /** A change of the list of which nothing is heard here changes how many names are on it, or none is new. */
  #readPatterns(): readonly PatternPurge[] {
    if (this.#patternsReadAt === this.#times.size) return this.#patterns;
    this.#patternsReadAt = this.#times.size;
    this.#patterns = this.#times
      .list()
      .filter(({ name }) => name.startsWith('p:'))
      .flatMap(({ name }) => readPattern(name));
    return this.#patterns;
  }
}

/** The longest name that the list takes. */
const MAX_NAME_CHARS = 512;

function routeName(route: string): string {
  return `r:${route}`;
}

function readPattern(name: string): readonly PatternPurge[] {
  try {
    const [route, pattern] = JSON.parse(name.slice(2)) as [unknown, unknown];
    if (typeof pattern !== 'string') return [];
    return [{ name, route: typeof route === 'string' ? route : undefined, pattern }];
  } catch {
    return [];
  }
}
