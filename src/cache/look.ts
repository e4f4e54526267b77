import type { Entry, Use } from './entry.ts';
import { useOf } from './entry.ts';
import type { Ask, CachePlan, Look, Spot } from './plan.ts';
import { type Eventual, type Found, isEntry, type Stored } from './store.ts';
import { variantName } from './vary.ts';

/** Looks a request up: under the names of its URL, and where answers there depend on more, under that of its variant. */
export function lookUp({ store, purges, isLocal }: CachePlan, ask: Ask): Eventual<Look> {
  const { names } = ask;
  const bases = names.own === undefined ? [names.common] : [names.common, names.own];
  const found = store.find(names, bases);
  const isGood = (stored: Stored | undefined): Entry | undefined =>
    isEntry(stored) && !purges.covers(stored) ? stored : undefined;

  function readBases({ stored, mark }: Found): Eventual<Look> {
    const spots = bases.map((base, index): Spot => {
      const one = stored[index];
      if (one === undefined || isEntry(one)) return { base, vary: [], name: base, entry: isGood(one) };
      return { base, vary: one.vary, name: variantName(base, one.vary, ask.told, isLocal), entry: undefined };
    });
    const variants = spots.filter(({ base, name }) => name !== base);
    if (variants.length === 0) return toLook(spots, mark);
    const more = store.find(
      names,
      variants.map(({ name }) => name),
    );
    const readVariants = (second: Found): Look => {
      const all = spots.map((spot): Spot => {
        const at = variants.indexOf(spot);
        return at < 0 ? spot : { ...spot, entry: isGood(second.stored[at]) };
      });
      return toLook(all, mark);
    };
    return more instanceof Promise ? more.then(readVariants) : readVariants(more);
  }

  return found instanceof Promise ? found.then(readBases) : readBases(found);
}

function toLook([common, own]: readonly Spot[], mark: Look['mark']): Look {
  return { common: common as Spot, own, mark };
}

/** An answer that was found, what may be done with it, and where it stands. */
export interface Choice {
  readonly entry: Entry;
  readonly use: Use;
  readonly spot: Spot;
}

const ORDER: readonly Use[] = ['fresh', 'stale-while-revalidate', 'stale', 'ask:request', 'ask:stale'];

/** The better one of those that were found. */
export function choose({ common, own }: Look, { terms }: Ask, nowMs: number): Choice | undefined {
  let best: Choice | undefined;
  for (const spot of [common, own]) {
    if (spot?.entry === undefined) continue;
    const use = useOf(spot.entry, terms, nowMs);
    if (best === undefined || ORDER.indexOf(use) < ORDER.indexOf(best.use)) best = { entry: spot.entry, use, spot };
  }
  return best;
}
