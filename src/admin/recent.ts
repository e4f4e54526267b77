import { ERRORS } from '../errors.ts';
import type { Step } from '../explain/explanation.ts';
import { recentSteps } from '../explain/recent-steps.ts';
import { type RecentRequest, recentKind } from '../log/recent.ts';
import { findNearest } from '../nearest-word.ts';
import { type AdminAnswer, type AdminSource, ok, refusal } from './answer.ts';
import { namesAskedFor } from './recent-names.ts';

const DEFAULT_COUNT = 50;
const MAX_COUNT = 1000;

type Line = Readonly<Record<string, unknown>>;

/** A refused or failed request as it is shown: its line of the log, and what its stages decided. */
interface Shown extends Line {
  readonly steps: readonly Step[];
}

/**
 * `GET /recent`: the last refused and failed requests, the last one first, each with the decisions of its stages; with
 * `?route=` (a name or a prefix), `?code=`, `?status=`, `?consumer=`, `?requestId=` or `?traceId=` those alone, and `?count=` of them (50).
 */
export function listRecent(source: Pick<AdminSource, 'deps' | 'gateway'>, query: URLSearchParams): AdminAnswer {
  const count = Number(query.get('count') ?? DEFAULT_COUNT);
  const unknown = [...query.keys()].filter((key) => key !== 'count' && !FILTERS.includes(key));
  if (!Number.isInteger(count) || count < 1 || count > MAX_COUNT || unknown.length > 0) return WHAT;
  const code = query.get('code');
  if (code !== null && !Object.hasOwn(ERRORS, code)) return noSuchCode(code);
  const [recent] = source.deps.pool.list(recentKind);
  const kept = (recent?.list() ?? []).map((request) => ({ request, line: JSON.parse(request.line) as Line }));
  const names = namesAskedFor(
    source,
    query,
    kept.map(({ line }) => line),
  );
  if ('status' in names) return names;
  const shown: Shown[] = [];
  for (const { request, line } of kept) {
    if (!isWanted(line, query, names.routes)) continue;
    shown.push(show(request, line));
    if (shown.length === count) break;
  }
  return ok(shown);
}

function noSuchCode(code: string): AdminAnswer {
  const nearest = findNearest(code, Object.keys(ERRORS));
  const hint = nearest === undefined ? 'see docs/errors.md' : `did you mean "${nearest}"?`;
  return refusal('invalid_request', { detail: `There is no code "${code}": ${hint}` });
}

const FILTERS = ['route', 'code', 'status', 'consumer', 'requestId', 'traceId', 'service'];

const WHAT = refusal('invalid_request', {
  detail: `Ask with ?count=1..${MAX_COUNT}, and with what is wanted: ${FILTERS.map((name) => `?${name}=`).join(', ')}.`,
});

function isWanted(line: Line, query: URLSearchParams, routes: ReadonlySet<string> | undefined): boolean {
  return FILTERS.every((name) => {
    const wanted = query.get(name);
    if (name === 'route' && routes !== undefined) return routes.has(String(line[name] ?? ''));
    if (name === 'status' && wanted !== null && /^[1-5]xx$/.test(wanted))
      return String(line[name]).startsWith(wanted.slice(0, 1));
    return wanted === null || String(line[name] ?? (name === 'consumer' ? line['keyOwner'] : '') ?? '') === wanted;
  });
}

function show(request: RecentRequest, line: Line): Shown {
  return { ...line, steps: recentSteps(request, line) };
}
