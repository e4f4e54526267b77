import type { Told } from '../app.ts';
import { type Child, h, type VNode } from '../dom.ts';
import { millis, number, percent, plural, share } from '../format.ts';
import { card, chip, type Figure, figures, link, pageHead } from '../parts.ts';
import { linkTo } from '../place.ts';
import type { ServiceRow, TargetRow } from '../shapes.ts';
import { type Column, table } from '../table.ts';
import { charts, minutesChoice } from './charts.ts';
import { circuitCard } from './circuit.ts';
import { requestList } from './request-list.ts';

/** One service: its circuit, its targets, its traffic, and the routes that lead to it. */
export function servicePage(told: Told): Child {
  const { app, overview, state } = told;
  const name = state.place.name ?? '';
  const service = overview.services.find((one) => one.name === name);
  if (service === undefined) return noService(told, name);
  const recent = state.recent?.query.endsWith(`service=${encodeURIComponent(name)}`) === true ? state.recent.list : [];
  return [
    pageHead(name, about(service), minutesChoice(app)),
    figures(keyFigures(service), `Key figures of ${name}`),
    h('div', { class: 'columns', key: 'columns' }, circuitCard(told, service.breaker), routesOf(told, name)),
    card('Targets', targetTable(told, service.targets), { key: 'targets' }),
    charts(app),
    card('Last refused and failed', requestList(app, recent, 'None of its requests failed of late.'), {
      aside: link(linkTo('requests', undefined, { service: name }), 'All of them'),
      key: 'recent',
    }),
  ];
}

/** A circuit of a route's own has no service of its name, but may be looked for here. */
function noService(told: Told, name: string): Child {
  const breaker = told.overview.breakers?.find((one) => one.name === name);
  return [
    pageHead(
      name,
      breaker === undefined
        ? 'No service has this name. It may have been taken out by a reload.'
        : 'A circuit of a route that has its own',
    ),
    circuitCard(told, breaker ?? null),
    h('p', { key: 'all' }, link(linkTo('services'), 'All services')),
  ];
}

function about({ healthy, total, discovery }: ServiceRow): Child {
  return [
    `${healthy} of ${plural(total, 'target')} in`,
    discovery === 'stale' && [' ', chip('not looked up any more', 'warn')],
    discovery === 'empty' && [' ', chip('discovery finds none', 'bad')],
  ];
}

function keyFigures({ requestsPerSecond, failedPerSecond, p50Ms, p99Ms, usualP99Ms, targets }: ServiceRow): Figure[] {
  const inFlight = targets.reduce((sum, target) => sum + target.inFlight, 0);
  const failed = share(failedPerSecond, requestsPerSecond);
  return [
    { label: 'Calls', value: `${number(requestsPerSecond)}/s` },
    {
      label: 'Failed',
      value: `${number(failedPerSecond)}/s`,
      ...(failedPerSecond > 0 && { note: percent(failed), tone: 'bad' as const }),
    },
    { label: 'p50', value: millis(p50Ms) },
    {
      label: 'p99',
      value: millis(p99Ms),
      ...(typeof usualP99Ms === 'number' && { note: `mostly ${millis(usualP99Ms)}` }),
    },
    { label: 'In flight', value: number(inFlight) },
  ];
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
      reason !== undefined &&
        reason !== null &&
        reason !== '' &&
        h('span', { class: state === 'in' ? 'muted beside from-mid' : 'beside' }, reason),
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
