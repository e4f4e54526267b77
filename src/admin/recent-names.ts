import { withoutControls } from '../lib/printable.ts';
import { CONSUMER_STEPS, consumerCountsKind } from '../log/consumer-counts.ts';
import { findNearest } from '../nearest-word.ts';
import { reportServices } from '../server/report.ts';
import { type AdminAnswer, type AdminSource, refusal } from './answer.ts';

type Source = Pick<AdminSource, 'deps' | 'gateway'>;
type Lines = readonly Readonly<Record<string, unknown>>[];

/** What no route has taken has this for its route. */
const NO_ROUTE = '(none)';

interface Names {
  /** The routes that are meant by `?route=`; undefined where none is asked for. */
  readonly routes: ReadonlySet<string> | undefined;
}

/**
 * The names that a question has, as they are known here: nothing found of a misspelt one would be a false all-clear. What
 * stands in a line that is kept is known too, whatever a reload has removed since.
 */
export function namesAskedFor(source: Source, query: URLSearchParams, lines: Lines): Names | AdminAnswer {
  const [route, service, consumer] = ['route', 'service', 'consumer'].map((name) => query.get(name));
  const routes = typeof route === 'string' ? routesOf(source, route, lines) : undefined;
  if (routes?.size === 0 && typeof route === 'string') return noSuch('route', route, knownRoutes(source), '/routes');
  if (typeof service === 'string') {
    const known = reportServices(source.deps.pool).map(({ name }) => name);
    if (!isKnown(service, known, lines, 'service')) return noSuch('service', service, known, '/state');
  }
  if (typeof consumer === 'string') {
    const known = knownConsumers(source);
    if (!isKnown(consumer, known, lines, 'consumer') && !isKnown(consumer, known, lines, 'keyOwner'))
      return noSuch('consumer', consumer, known, undefined);
  }
  return { routes };
}

/** By its name, or all that have this prefix. */
function routesOf({ gateway }: Source, wanted: string, lines: Lines): ReadonlySet<string> {
  const { routes } = gateway.snapshot;
  const named = routes.filter(({ name }) => name === wanted);
  const found = named.length > 0 ? named : routes.filter(({ config }) => config.prefix.includes(wanted));
  const isOfBefore = wanted === NO_ROUTE || lines.some(({ route }) => route === wanted);
  return new Set([...found.map(({ name }) => name), ...(isOfBefore ? [wanted] : [])]);
}

const knownRoutes = ({ gateway }: Source): readonly string[] =>
  gateway.snapshot.routes.flatMap(({ name, config }) => [name, ...config.prefix]);

/** Those of the file, and who has called of late: others may stand in Redis, or in tokens. */
function knownConsumers({ deps, gateway }: Source): readonly string[] {
  const counted = deps.pool
    .list(consumerCountsKind)
    .flatMap((counts) => counts.busiest(CONSUMER_STEPS).map(({ count }) => count.name));
  return [...gateway.snapshot.config.consumers.map(({ name }) => name), ...counted];
}

const isKnown = (name: string, known: readonly string[], lines: Lines, field: string): boolean =>
  known.includes(name) || lines.some((line) => line[field] === name);

function noSuch(what: string, name: string, known: readonly string[], page: string | undefined): AdminAnswer {
  const nearest = findNearest(name, known);
  const see = page === undefined ? 'none of the file has this name, and none has called of late' : `see ${page}`;
  const hint = nearest === undefined ? see : `did you mean "${withoutControls(nearest)}"?`;
  return refusal('not_found', { detail: `No ${what} "${withoutControls(name)}" is known here: ${hint}` });
}
