import { wrap } from '../explain/wrap.ts';
import type { Paint } from '../lib/paint.ts';
import { withoutControls } from '../lib/printable.ts';
import { roughDuration } from '../lib/rough-duration.ts';
import { renderColumns, shorten } from './columns.ts';
import type { Overview } from './overview.ts';
import { type AsTyped, moreOf, noticeLines } from './status-notices.ts';

/** One screen has so many of each. */
const SERVICES = 12;
const ROUTES = 8;
const CHANGES = 5;
const NAME = 24;
const LABEL = 10;

type Service = Overview['services'][number];
type Route = Overview['routes'][number];

/** How a gateway is, on one screen of 80 columns: what is wrong stands before what is. */
export function renderStatus(overview: Overview, paint: Paint, asTyped: AsTyped = (command) => command): string {
  const blocks = [
    headLines(overview, paint),
    noticeLines(overview, paint, asTyped),
    serviceLines(overview, paint),
    routeLines(overview, paint),
    processLines(overview),
  ];
  return `${blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

function headLines({ version, instance, status, uptimeSeconds, node, at, window }: Overview, paint: Paint): string[] {
  const colour = status === 'serving' ? paint.good : paint.bad;
  const where = instance === '' ? '' : ` at ${instance}`;
  const facts = [
    `turnpike ${version}${where}`,
    `up ${roughDuration(uptimeSeconds * 1000)}`,
    `node ${node}`,
    timeOf(at),
  ];
  const lines = [`${paint.bold(colour(withoutControls(status)))}  ${withoutControls(facts.join(', '))}`];
  if (window === null || window === undefined) return lines;
  const { requestsPerSecond: all, clientErrorsPerSecond: client, serverErrorsPerSecond: server } = window;
  const rates = `${rate(all)} requests/s, ${rate(client)} 4xx/s, ${rate(server)} 5xx/s`;
  const times = `p50 ${ms(window.p50Ms)}, p99 ${ms(window.p99Ms)}, of it the gateway ${ms(window.gatewayP99Ms)}`;
  return [...lines, ...wrap(`last ${roughDuration(window.seconds * 1000)}: ${rates}; ${times}`)];
}

/** Those that are not well come first; of the others as many as there is room. */
function serviceLines({ services }: Overview, paint: Paint): string[] {
  if (services.length === 0) return [];
  const sorted = services.toSorted((a, b) => Number(isWell(a)) - Number(isWell(b)));
  const shown = sorted.slice(0, SERVICES);
  const [head = '', ...rows] = renderColumns([
    ['SERVICE', 'TARGETS', 'CIRCUIT', 'CALLS/S', 'FAILED/S', 'P99'],
    ...shown.map((one) => [
      shorten(one.name, NAME),
      `${one.healthy} of ${one.total}`,
      circuitOf(one),
      rate(one.requestsPerSecond),
      rate(one.failedPerSecond),
      ms(one.p99Ms),
    ]),
  ]);
  const lines = shown.flatMap((one, at) => [
    isWell(one) ? (rows[at] ?? '') : paint.bad(rows[at] ?? ''),
    ...one.targets.filter(({ state }) => NOT_IN.has(state)).flatMap(targetLines),
  ]);
  return [paint.bold(head), ...lines, ...moreOf(services.length - SERVICES, 'more')];
}

const NOT_IN = new Set(['out', 'trial']);

function targetLines({ url, state, reason, lastFailure }: Service['targets'][number]): string[] {
  const why = reason === '' ? '' : `, ${reason}`;
  return wrap(withoutControls(`  ${state}: ${url}${why}${failureOf(lastFailure)}`), 4);
}

function failureOf(failure: Service['targets'][number]['lastFailure']): string {
  if (failure === null || failure === undefined || failure.inARow === 0) return '';
  const { outcome, cause, inARow, since, at } = failure;
  const what = cause === '' ? outcome : `${outcome} (${cause})`;
  return `; ${what}, ${inARow} in a row, first ${timeOf(since)}, last ${timeOf(at)}`;
}

function isWell({ healthy, total, breaker }: Service): boolean {
  return healthy >= total && (breaker?.state ?? 'closed') === 'closed';
}

function circuitOf({ breaker }: Service): string {
  if (breaker === null || breaker === undefined) return '-';
  const { state, isForced, retryAfterSeconds } = breaker;
  if (isForced) return `${state} (held)`;
  return state === 'open' && typeof retryAfterSeconds === 'number' ? `open ${Math.ceil(retryAfterSeconds)} s` : state;
}

/** Routes that answer with errors, those of the services first. */
function routeLines({ routes }: Overview, paint: Paint): string[] {
  const failing = routes
    .filter((one) => one.clientErrorsPerSecond > 0 || one.serverErrorsPerSecond > 0)
    .toSorted(
      (a, b) => b.serverErrorsPerSecond - a.serverErrorsPerSecond || b.clientErrorsPerSecond - a.clientErrorsPerSecond,
    );
  if (failing.length === 0) return [];
  const shown = failing.slice(0, ROUTES);
  const [head = '', ...rows] = renderColumns([
    ['ROUTE', 'CALLS/S', '4XX/S', '5XX/S', 'P99'],
    ...shown.map((one) => [
      shorten(one.name, NAME + 10),
      rate(one.requestsPerSecond),
      rate(one.clientErrorsPerSecond),
      rate(one.serverErrorsPerSecond),
      ms(one.p99Ms),
    ]),
  ]);
  const lines = shown.flatMap((one, at) => [
    one.serverErrorsPerSecond > 0 ? paint.bad(rows[at] ?? '') : (rows[at] ?? ''),
    ...refusalLines(one),
  ]);
  return [paint.bold(head), ...lines, ...moreOf(failing.length - ROUTES, 'more')];
}

function refusalLines({ refusals }: Route): string[] {
  const told = Object.entries(refusals)
    .toSorted(([, a], [, b]) => b - a)
    .map(([code, count]) => `${code} ${count}`);
  return told.length === 0 ? [] : wrap(withoutControls(`  last minute: ${told.join(', ')}`), 4);
}

function processLines({
  redis,
  redisChanges,
  reloads,
  memory,
  eventLoop,
  inFlight,
  webSockets,
  at,
  routesFile,
}: Overview): string[] {
  const used = `${mb(memory.heapUsedBytes)} of ${mb(memory.heapTotalBytes)} MB heap`;
  return [
    labelled('in flight', `${inFlight} requests, ${webSockets} WebSockets`),
    labelled('redis', redisOf(redis, redisChanges)),
    ...(routesFile === '' ? [] : [labelled('file', routesFile)]),
    reloadLines(reloads, at),
    labelled(
      'memory',
      `${mb(memory.rssBytes)} MB, ${used}; event loop p99 ${ms(eventLoop.p99Ms)}, most ${ms(eventLoop.maxMs)}`,
    ),
  ].flat();
}

function redisOf(redis: string, told: Overview['redisChanges']): string {
  if (told === null || told === undefined || told.address === '') return redis;
  const loss = told.changes.find(({ to }) => to === 'down');
  return `${redis}, ${told.address}${loss === undefined ? '' : `; last lost ${timeOf(loss.at)}: ${loss.reason}`}`;
}

/** An `unchanged` one hides nothing: what counts is the last that was taken, or refused. */
function reloadLines(reloads: Overview['reloads'], nowMs: number): string[] {
  const [last] = reloads;
  const told = reloads.find(({ result }) => result !== 'unchanged');
  if (last === undefined || told === undefined) return labelled('reload', 'none since the start');
  const { result, by, at, changes, faults, left } = told;
  const since = last === told ? '' : `; read again ${roughDuration(nowMs - last.at)} ago (${last.by}), unchanged`;
  const lines = [...faults.map(({ place, message }) => `${place} ${message}`), ...changes];
  const shown = lines.slice(0, CHANGES);
  const more = lines.length + left - shown.length;
  return [
    ...labelled('reload', `${result} ${roughDuration(nowMs - at)} ago (${by})${since}`),
    ...shown.flatMap((line) => labelled('', line)),
    ...(more > 0 ? labelled('', `and ${more} more: --json has the first 20`) : []),
  ];
}

const labelled = (label: string, text: string): string[] =>
  wrap(withoutControls(`${label.padEnd(LABEL)}  ${text}`), LABEL + 2);

const mb = (bytes: number): string => String(Math.round(bytes / 1e6));

/** As many digits as are told apart. */
function rate(perSecond: number): string {
  if (perSecond === 0) return '0';
  return perSecond < 10 ? perSecond.toFixed(2) : String(Math.round(perSecond));
}

function ms(value: number | null | undefined): string {
  if (value === null || value === undefined) return '-';
  if (value >= 10_000) return `${Math.round(value / 1000)} s`;
  return `${value < 10 ? Math.round(value * 10) / 10 : Math.round(value)} ms`;
}

const timeOf = (atMs: number): string => new Date(atMs).toISOString().slice(0, 19).replace('T', ' ');
