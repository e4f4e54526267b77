import type { Told } from '../app.ts';
import { type Child, h } from '../dom.ts';
import { millis, number, percent, plural, share } from '../format.ts';
import { chip, filterBox, isFound, link, pageHead, spark } from '../parts.ts';
import { linkTo } from '../place.ts';
import type { RouteRow } from '../shapes.ts';
import { type Column, table } from '../table.ts';

/** All routes: by traffic at first, or by whatever heads a column. */
export function routesPage({ app, state, overview }: Told): Child {
  const { routes } = overview;
  const rows = routes.filter(({ name, prefix, service }) => isFound(app, name, prefix, service));
  const about =
    rows.length === routes.length
      ? plural(routes.length, 'route')
      : `${number(rows.length)} of ${plural(routes.length, 'route')}`;
  return [
    pageHead(
      'Routes',
      `${about}; rates and latencies of the last minute`,
      filterBox(app, 'routes', 'Filter by route or service'),
    ),
    table({
      app,
      id: 'routes',
      caption: 'Routes',
      columns: columns(state.rates),
      rows,
      keyOf: ({ name }) => name,
      sort: 'rate',
      empty: routes.length === 0 ? 'The routes file has no routes.' : 'No route is called so.',
    }),
  ];
}

function columns(rates: ReadonlyMap<string, readonly number[]>): readonly Column<RouteRow>[] {
  return [
    { id: 'name', title: 'Route', by: ({ name }) => name, cell: nameCell },
    {
      id: 'service',
      title: 'Service',
      from: 'mid',
      by: ({ service }) => service,
      cell: ({ service }) => service !== null && link(linkTo('services', service), service, 'plain'),
    },
    { id: 'trend', title: 'Trend', from: 'wide', cell: ({ name }) => spark(rates.get(name) ?? []) },
    {
      id: 'rate',
      title: 'Req/s',
      isNumber: true,
      by: ({ requestsPerSecond }) => requestsPerSecond,
      cell: ({ requestsPerSecond }) => number(requestsPerSecond),
    },
    {
      id: 'client',
      title: '4xx/s',
      from: 'phone',
      isNumber: true,
      by: ({ clientErrorsPerSecond }) => clientErrorsPerSecond,
      cell: ({ clientErrorsPerSecond }) => rate(clientErrorsPerSecond, 'warn'),
    },
    {
      id: 'server',
      title: '5xx/s',
      isNumber: true,
      by: ({ serverErrorsPerSecond }) => serverErrorsPerSecond,
      cell: ({ serverErrorsPerSecond }) => rate(serverErrorsPerSecond, 'bad'),
    },
    {
      id: 'p50',
      title: 'p50',
      from: 'mid',
      isNumber: true,
      by: ({ p50Ms }) => p50Ms,
      cell: (row) => latency(row, row.p50Ms),
    },
    { id: 'p99', title: 'p99', isNumber: true, by: ({ p99Ms }) => p99Ms, cell: (row) => latency(row, row.p99Ms) },
    {
      id: 'refused',
      title: 'Limited',
      from: 'wide',
      isNumber: true,
      by: limitedShare,
      cell: (row) => percent(limitedShare(row)),
    },
    {
      id: 'cache',
      title: 'Cache',
      from: 'wide',
      isNumber: true,
      by: ({ cache }) => cache?.hitRate ?? null,
      cell: ({ cache }) => percent(cache?.hitRate),
    },
    {
      id: 'requests',
      title: 'Since start',
      from: 'wide',
      isNumber: true,
      by: ({ requests }) => requests,
      cell: ({ requests }) => number(requests),
    },
  ];
}

function nameCell({ name, prefix, isProtected }: RouteRow): Child {
  return [
    link(linkTo('routes', name), name, 'name'),
    prefix !== name && h('span', { class: 'muted from-mid beside' }, prefix),
    !isProtected && chip('public'),
  ];
}

/** Of what mostly fails it is that of failures, which are quick: no news. */
function latency({ serverErrorsPerSecond, requestsPerSecond }: RouteRow, ms: number | null): Child {
  const isFailing = (share(serverErrorsPerSecond, requestsPerSecond) ?? 0) > 0.5;
  return h('span', { class: isFailing ? 'muted' : '' }, millis(ms));
}

function rate(value: number, tone: 'warn' | 'bad'): Child {
  return h('span', { class: value > 0 ? `text-${tone}` : 'muted' }, number(value));
}

function limitedShare({ limiter }: RouteRow): number | null {
  return limiter === null ? null : share(limiter.refused, limiter.refused + limiter.allowed);
}
