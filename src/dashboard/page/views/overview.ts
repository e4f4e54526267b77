import type { Told } from '../app.ts';
import { type Child, h, type VNode } from '../dom.ts';
import { bytes, duration, millis, number, percent, plural, share } from '../format.ts';
import { bar, card, type Figure, figures, link, pageHead } from '../parts.ts';
import { linkTo } from '../place.ts';
import type { Overview, RouteRow } from '../shapes.ts';
import { keepOrder } from '../steady.ts';
import { charts, minutesChoice } from './charts.ts';
import { cacheCard, processCard, redisCard } from './machine.ts';
import { notices } from './notices.ts';
import { reloadLine } from './reloads.ts';
import { requestList } from './request-list.ts';
import { serviceLines } from './service-lines.ts';

const BUSIEST = 8;

/** What somebody who was woken reads first, and then everything at a glance. */
export function overviewPage(told: Told): Child {
  const { app, overview } = told;
  const { status, uptimeSeconds, routes, services } = overview;
  const about = `${status === 'serving' ? 'Serving' : 'Draining'} ${plural(routes.length, 'route')} and ${plural(services.length, 'service')}, up for ${duration(uptimeSeconds)}`;
  return [
    pageHead('Overview', about, minutesChoice(app)),
    notices(told),
    figures(keyFigures(overview), 'Key figures of the last minute'),
    charts(app),
    h('div', { class: 'columns', key: 'columns' }, busiest(told), serviceLines(told)),
    recentCard(told),
    h(
      'div',
      { class: 'columns columns-three', key: 'more' },
      lastReload(told),
      redisCard(overview),
      cacheCard(told),
      processCard(overview),
    ),
  ];
}

function keyFigures({ window: last, inFlight, webSockets, eventLoop, memory }: Overview): Figure[] {
  const { requestsPerSecond: all, clientErrorsPerSecond: client, serverErrorsPerSecond: server } = last;
  return [
    { label: 'Requests', value: `${number(all)}/s` },
    { label: 'Client errors', value: `${number(client)}/s`, ...noteOf(share(client, all)) },
    {
      label: 'Server errors',
      value: `${number(server)}/s`,
      ...noteOf(share(server, all)),
      ...(server > 0 && { tone: 'bad' as const }),
    },
    { label: 'p50', value: millis(last.p50Ms) },
    { label: 'p99', value: millis(last.p99Ms) },
    { label: 'In the gateway', value: millis(last.gatewayP99Ms), note: 'p99' },
    { label: 'In flight', value: number(inFlight), ...(webSockets > 0 && { note: plural(webSockets, 'WebSocket') }) },
    {
      label: 'Event loop p99',
      value: millis(eventLoop.p99Ms),
      ...(eventLoop.p99Ms > 100 && { tone: 'warn' as const }),
    },
    { label: 'Memory', value: bytes(memory.rssBytes), note: `heap ${bytes(memory.heapUsedBytes)}` },
  ];
}

function noteOf(ratio: number | null): { note?: string } {
  return ratio === null || ratio === 0 ? {} : { note: percent(ratio) };
}

function busiest({ state, overview: { routes } }: Told): VNode {
  const trouble = (row: RouteRow): number => row.serverErrorsPerSecond * 1000 + row.requestsPerSecond;
  const sorted = routes.filter((row) => row.requestsPerSecond > 0).sort((a, b) => trouble(b) - trouble(a));
  const list = keepOrder(state, 'busiest', sorted, ({ name }) => name).slice(0, BUSIEST);
  const most = Math.max(...list.map(({ requestsPerSecond }) => requestsPerSecond), 0);
  const body =
    list.length === 0
      ? h('p', { class: 'empty' }, 'Nobody has called within the last minute.')
      : h(
          'ul',
          { class: 'lines', 'data-list': 'busiest' },
          list.map((row) => routeLine(row, most)),
        );
  return card('Routes with errors, and the busiest', body, {
    aside: link(linkTo('routes'), 'All routes'),
    key: 'busiest',
  });
}

function routeLine(
  { name, requestsPerSecond, serverErrorsPerSecond, clientErrorsPerSecond, p99Ms }: RouteRow,
  most: number,
): VNode {
  const failed = share(serverErrorsPerSecond, requestsPerSecond) ?? 0;
  const refused = share(clientErrorsPerSecond, requestsPerSecond) ?? 0;
  return h(
    'li',
    { key: name },
    bar(most === 0 ? 0 : requestsPerSecond / most, failed > 0 ? 'bad' : 'quiet'),
    h('a', { href: linkTo('routes', name), class: 'name' }, name),
    failed > 0 && h('span', { class: 'text-bad num' }, `${percent(failed)} failed`),
    failed === 0 && refused > 0 && h('span', { class: 'text-warn num from-phone' }, `${percent(refused)} refused`),
    h('span', { class: 'num muted from-phone' }, millis(p99Ms)),
    h('span', { class: 'num strong' }, `${number(requestsPerSecond)}/s`),
  );
}

function recentCard({ app, state }: Told): VNode {
  const list = state.recent?.query === 'recent?count=8' ? state.recent.list : [];
  const body = requestList(app, list, 'No request was refused or failed since the start.');
  return card('Last refused and failed', body, { aside: link(linkTo('requests'), 'All of them'), key: 'recent' });
}

function lastReload({ overview }: Told): VNode {
  const [last] = overview.reloads;
  const body =
    last === undefined ? h('p', { class: 'empty' }, 'Not reloaded since the start.') : reloadLine(last, overview.at);
  return card('Last reload', body, { aside: link(linkTo('reloads'), 'History'), key: 'reload' });
}
