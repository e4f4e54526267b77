import { MAX_MINUTES } from '../overview/history.ts';
import { reportServices } from '../server/report.ts';
import { type AdminAnswer, type AdminSource, refusal } from './answer.ts';

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
  { overview, gateway, deps }: Pick<AdminSource, 'overview' | 'gateway' | 'deps'>,
  query: URLSearchParams,
): AdminAnswer {
  const minutes = Number(query.get('minutes') ?? DEFAULT_MINUTES);
  const isKnown = [...query.keys()].every((key) => KEYS.includes(key));
  if (!isKnown || !Number.isInteger(minutes) || minutes < 1 || minutes > MAX_MINUTES) return WHAT;
  const route = query.get('route') ?? undefined;
  const service = query.get('service') ?? undefined;
  if (route !== undefined && service !== undefined) return WHAT;
  if (route !== undefined && route !== NO_ROUTE && !gateway.snapshot.routes.some(({ name }) => name === route))
    return refusal('not_found', { detail: 'No route has this name; see /routes.' });
  if (service !== undefined && !reportServices(deps.pool).some(({ name }) => name === service))
    return refusal('not_found', { detail: 'No service has this name; see /state.' });
  const history = JSON.stringify(overview.history({ route, service, minutes }));
  return { status: 200, body: `${history}\n`, type: 'application/json' };
}

const KEYS = ['minutes', 'route', 'service'];
/** What no route has taken. */
const NO_ROUTE = '(none)';

const WHAT = refusal('invalid_request', {
  detail: `Ask with ?minutes=1..${MAX_MINUTES}, and with ?route=NAME or ?service=NAME for one of them alone.`,
});
