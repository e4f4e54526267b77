import type { Told } from '../app.ts';
import { type Child, h, type VNode } from '../dom.ts';
import { millis, number, percent, plural, share } from '../format.ts';
import { card, chip, dot, type Figure, figures, link, pageHead } from '../parts.ts';
import { linkTo } from '../place.ts';
import type { Overview, RouteRow, ServiceRow } from '../shapes.ts';
import { charts, minutesChoice } from './charts.ts';
import { circuitCard } from './circuit.ts';
import { requestList } from './request-list.ts';
import { targetTable } from './targets.ts';

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
    whatClientsSaw(told, service),
    h('div', { class: 'columns', key: 'columns' }, circuitCard(told, service.breaker), routesOf(told, name)),
    card('Targets', targetTable(told, service.targets), { key: 'targets' }),
    charts(app),
    card('Last requests that clients saw refused or failed', requestList(app, recent, noneFailed(service)), {
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
    { label: 'Attempts', value: `${number(requestsPerSecond)}/s` },
    {
      label: 'Failed attempts',
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

const routesTo = ({ routes }: Overview, name: string): readonly RouteRow[] =>
  routes.filter(({ service }) => service === name);

/** Attempts and answers are two things: what failed at one target may have been had from another. */
function whatClientsSaw({ overview }: Told, { name, failedPerSecond }: ServiceRow): Child {
  const routes = routesTo(overview, name);
  if (failedPerSecond === 0 || routes.length === 0) return undefined;
  const failed = routes.reduce((sum, { serverErrorsPerSecond }) => sum + serverErrorsPerSecond, 0);
  const words =
    failed === 0
      ? 'Attempts failed in the last minute, and retries at other targets saved all of them: no client saw it.'
      : `Clients saw it: ${number(failed)} requests per second of the routes to it are answered with a server error.`;
  return h(
    'p',
    { class: `notice notice-${failed === 0 ? 'warn' : 'bad'}`, key: 'clients' },
    dot(failed === 0 ? 'warn' : 'bad'),
    h('span', null, words),
  );
}

function noneFailed({ failedPerSecond }: ServiceRow): string {
  const none = 'No client was refused, or answered with an error, of late.';
  return failedPerSecond === 0 ? none : `${none} Attempts that failed are told of above, by target.`;
}

function routesOf({ overview }: Told, name: string): VNode {
  const list = routesTo(overview, name).slice(0, 20);
  const body =
    list.length === 0
      ? h('p', { class: 'empty' }, 'No route leads to it.')
      : h('ul', { class: 'lines' }, list.map(routeLine));
  return card('Routes to it', body, { key: 'routes' });
}

/** Of what fails at once no latency is told: it would look quick. */
function routeLine({ name, requestsPerSecond, serverErrorsPerSecond, p99Ms }: RouteRow): VNode {
  const failed = share(serverErrorsPerSecond, requestsPerSecond) ?? 0;
  return h(
    'li',
    { key: name },
    h('a', { class: 'name', href: linkTo('routes', name) }, name),
    failed > 0
      ? h('span', { class: 'num text-bad' }, `${percent(failed)} failed`)
      : h('span', { class: 'num muted from-phone' }, millis(p99Ms)),
    h('span', { class: 'num strong' }, `${number(requestsPerSecond)}/s`),
  );
}
