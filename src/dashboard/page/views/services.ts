import { moveBreaker } from '../actions.ts';
import type { Told } from '../app.ts';
import { type Child, h, type VNode } from '../dom.ts';
import { ago, millis, number, percent, plural, share } from '../format.ts';
import { button, card, chip, dot, filterBox, isFound, link, pageHead, pairs } from '../parts.ts';
import { linkTo } from '../place.ts';
import type { BreakerState, ServiceRow, TargetRow } from '../shapes.ts';
import { type Column, table } from '../table.ts';
import { charts, minutesChoice } from './charts.ts';
import { requestList } from './request-list.ts';
import { breakerChip, toneOfService } from './service-lines.ts';

const RANK: Readonly<Record<string, number>> = { bad: 2, warn: 1, good: 0 };

export function servicesPage(told: Told): Child {
  return told.state.place.name === undefined ? allServices(told) : oneService(told, told.state.place.name);
}

function allServices({ app, overview: { services } }: Told): Child {
  const rows = services.filter(({ name, targets }) => isFound(app, 'services', name, ...targets.map(({ url }) => url)));
  return [
    pageHead(
      'Services',
      `${plural(services.length, 'service')}; those in trouble first`,
      filterBox(app, 'services', 'Filter by service or target'),
    ),
    table({
      app,
      id: 'services',
      caption: 'Services',
      columns: COLUMNS,
      rows,
      keyOf: ({ name }) => name,
      sort: 'health',
      empty: services.length === 0 ? 'No route leads to a service.' : 'No service is called so.',
    }),
  ];
}

const COLUMNS: readonly Column<ServiceRow>[] = [
  {
    id: 'name',
    title: 'Service',
    by: ({ name }) => name,
    cell: (row) =>
      h('span', { class: 'with-dot' }, dot(toneOfService(row)), link(linkTo('services', row.name), row.name, 'name')),
  },
  {
    id: 'health',
    title: 'Targets in',
    isNumber: true,
    by: (row) => (RANK[toneOfService(row)] ?? 0) * 1e9 + row.requestsPerSecond,
    cell: ({ healthy, total }) => h('span', { class: healthy < total ? 'text-bad' : '' }, `${healthy}/${total}`),
  },
  {
    id: 'breaker',
    title: 'Circuit',
    by: ({ breaker }) => breaker?.state ?? null,
    cell: ({ breaker }) => breakerChip(breaker) ?? h('span', { class: 'muted' }, 'none'),
  },
  {
    id: 'rate',
    title: 'Req/s',
    isNumber: true,
    by: ({ requestsPerSecond }) => requestsPerSecond,
    cell: ({ requestsPerSecond }) => number(requestsPerSecond),
  },
  {
    id: 'failed',
    title: 'Failed/s',
    from: 'phone',
    isNumber: true,
    by: ({ failedPerSecond }) => failedPerSecond,
    cell: ({ failedPerSecond }) =>
      h('span', { class: failedPerSecond > 0 ? 'text-bad' : 'muted' }, number(failedPerSecond)),
  },
  {
    id: 'p50',
    title: 'p50',
    from: 'mid',
    isNumber: true,
    by: ({ p50Ms }) => p50Ms,
    cell: ({ p50Ms }) => millis(p50Ms),
  },
  {
    id: 'p99',
    title: 'p99',
    from: 'phone',
    isNumber: true,
    by: ({ p99Ms }) => p99Ms,
    cell: ({ p99Ms }) => millis(p99Ms),
  },
];

function oneService(told: Told, name: string): Child {
  const { app, overview, state } = told;
  const service = overview.services.find((one) => one.name === name);
  if (service === undefined) {
    return [
      pageHead(name, 'No service has this name. It may have been taken out by a reload.'),
      h('p', null, link(linkTo('services'), 'All services')),
    ];
  }
  const { requestsPerSecond, failedPerSecond, healthy, total, targets, breaker } = service;
  const failed = share(failedPerSecond, requestsPerSecond);
  const about = `${healthy} of ${total} targets in; ${number(requestsPerSecond)} requests a second${failed === null || failed === 0 ? '' : `, ${percent(failed)} of them failed`}`;
  const recent = state.recent?.query.endsWith(`service=${encodeURIComponent(name)}`) === true ? state.recent.list : [];
  return [
    pageHead(name, about, minutesChoice(app)),
    circuitCard(told, breaker),
    card('Targets', targetTable(told, targets), { key: 'targets' }),
    charts(app, ''),
    h('div', { class: 'columns', key: 'columns' }, routesOf(told, name)),
    card('Last refused and failed', requestList(app, recent, 'None of its requests failed of late.'), {
      aside: link(linkTo('requests', undefined, { service: name }), 'All of them'),
      key: 'recent',
    }),
  ];
}

function circuitCard({ app, overview }: Told, breaker: BreakerState | null): Child {
  if (breaker === null) return undefined;
  const { name, state, since, retryAfterSeconds, isForced = false } = breaker;
  const move = (to: 'open' | 'closed' | 'auto') => (): void => moveBreaker(app, name, to);
  const since_ = since === undefined || since === null ? '' : `since ${ago(since, overview.at).replace(' ago', '')}`;
  const body = h(
    'div',
    { class: 'circuit' },
    pairs([
      ['State', h('span', null, breakerChip(breaker), ' ', h('span', { class: 'muted' }, since_))],
      ...(state === 'open' && !isForced && retryAfterSeconds !== undefined && retryAfterSeconds !== null
        ? [['Tries again', `in ${number(Math.ceil(retryAfterSeconds))} s`] as const]
        : []),
      ['Moved by', isForced ? 'an operator, until it is given back' : 'what the service does'],
    ]),
    h(
      'div',
      { class: 'buttons' },
      (state !== 'open' || !isForced) && button('Hold open…', move('open')),
      (state !== 'closed' || !isForced) && button('Close…', move('closed')),
      isForced && button('Give back…', move('auto'), 'button-main'),
    ),
  );
  return card('Circuit', body, { key: 'circuit' });
}

function targetTable({ app }: Told, targets: readonly TargetRow[]): VNode {
  return table({
    app,
    id: 'targets',
    caption: 'Targets',
    columns: TARGET_COLUMNS,
    rows: targets,
    keyOf: ({ url }) => url,
    sort: 'url',
    empty: 'It has no target: every request for it is refused.',
  });
}

const TARGET_COLUMNS: readonly Column<TargetRow>[] = [
  { id: 'url', title: 'Target', by: ({ url }) => url, cell: ({ url }) => h('code', null, url) },
  {
    id: 'state',
    title: 'State',
    by: ({ state }) => state,
    cell: ({ state, reason }) => [
      chip(state, state === 'in' ? 'good' : 'bad'),
      reason !== undefined && reason !== null && reason !== '' && h('span', { class: 'muted beside' }, reason),
    ],
  },
  {
    id: 'inFlight',
    title: 'In flight',
    from: 'phone',
    isNumber: true,
    by: ({ inFlight }) => inFlight,
    cell: ({ inFlight }) => number(inFlight),
  },
  {
    id: 'latency',
    title: 'Latency',
    from: 'phone',
    isNumber: true,
    by: ({ latencyMs }) => latencyMs,
    cell: ({ latencyMs }) => millis(latencyMs),
  },
  {
    id: 'weight',
    title: 'Weight',
    from: 'mid',
    isNumber: true,
    by: ({ weight }) => weight,
    cell: ({ weight }) => number(weight),
  },
];

function routesOf({ overview: { routes } }: Told, name: string): VNode {
  const list = routes.filter(({ service }) => service === name).slice(0, 20);
  const body =
    list.length === 0
      ? h('p', { class: 'empty' }, 'No route leads to it.')
      : h(
          'ul',
          { class: 'lines' },
          list.map((route) =>
            h(
              'li',
              { key: route.name },
              h('a', { class: 'name', href: linkTo('routes', route.name) }, route.name),
              h('span', { class: 'num muted from-phone' }, millis(route.p99Ms)),
              h('span', { class: 'num strong' }, `${number(route.requestsPerSecond)}/s`),
            ),
          ),
        );
  return card('Routes to it', body, { key: 'routes' });
}
