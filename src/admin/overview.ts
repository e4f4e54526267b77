import { MAX_MINUTES } from '../overview/history.ts';
import { type AdminAnswer, type AdminSource, ok, refusal } from './answer.ts';

const DEFAULT_MINUTES = 10;

/** `GET /overview`: all that goes on, for the dashboard and for scripts. */
export async function showOverview({ overview }: Pick<AdminSource, 'overview'>): Promise<AdminAnswer> {
  return { status: 200, body: await overview.render(), type: 'application/json' };
}

/**
 * `GET /history`: the last minutes in steps of 5 s, `?minutes=` of them (10, at most 30), of all, of a `?route=` or of a
 * `?service=`.
 */
export function showHistory(
  { overview, gateway }: Pick<AdminSource, 'overview' | 'gateway'>,
  query: URLSearchParams,
): AdminAnswer {
  const minutes = Number(query.get('minutes') ?? DEFAULT_MINUTES);
  const isKnown = [...query.keys()].every((key) => KEYS.includes(key));
  if (!isKnown || !(minutes > 0 && minutes <= MAX_MINUTES)) return WHAT;
  const route = query.get('route') ?? undefined;
  const service = query.get('service') ?? undefined;
  if (route !== undefined && service !== undefined) return WHAT;
  const names = gateway.snapshot.routes.map(({ name }) => name);
  if (route !== undefined && !names.includes(route) && route !== NO_ROUTE)
    return refusal('not_found', { detail: 'No route has this name; see /routes.' });
  return ok(overview.history({ route, service, minutes }));
}

const KEYS = ['minutes', 'route', 'service'];
/** What no route has taken. */
const NO_ROUTE = '(none)';

const WHAT = refusal('invalid_request', {
  detail: `Ask with ?minutes=1..${MAX_MINUTES}, and with ?route=NAME or ?service=NAME for one of them alone.`,
});
