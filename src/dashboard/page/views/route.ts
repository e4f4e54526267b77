import { purgeCache } from '../actions.ts';
import type { State, Told } from '../app.ts';
import { type Child, h, type VNode } from '../dom.ts';
import { millis, number, percent, share } from '../format.ts';
import { bar, button, card, chip, type Figure, figures, link, pageHead, pairs } from '../parts.ts';
import { linkTo } from '../place.ts';
import type { LimitRow, Overview, RouteRow, ServiceRow } from '../shapes.ts';
import { charts, minutesChoice } from './charts.ts';
import { toneOfCode } from './error-link.ts';
import { requestList } from './request-list.ts';
import { breakerChip } from './service-lines.ts';

/** One route: its traffic, why it refuses, and what it is made of. */
export function routePage(told: Told): Child {
  const { app, overview, state } = told;
  const name = state.place.name ?? '';
  const route = overview.routes.find((one) => one.name === name);
  if (route === undefined) {
    return [
      pageHead(name, 'No route has this name. It may have been taken out by a reload.'),
      h('p', null, link(linkTo('routes'), 'All routes')),
    ];
  }
  const service = overview.services.find((one) => one.name === route.service);
  return [
    pageHead(name, about(route), minutesChoice(app)),
    figures(keyFigures(route), `Key figures of ${name}`),
    charts(app),
    h(
      'div',
      { class: 'columns', key: 'columns' },
      refusals(state, route),
      limits(route, overview),
      cache(told, route),
      serviceCard(service),
      stages(route),
    ),
    card(
      'Last refused and failed',
      requestList(app, recentOf(told, name), 'None of its requests was refused or failed of late.'),
      {
        aside: link(linkTo('requests', undefined, { route: name }), 'All of them'),
        key: 'recent',
      },
    ),
  ];
}

function about({ name, prefix, service, isProtected }: RouteRow): Child {
  return [
    prefix !== name && h('code', null, prefix),
    service !== null && [' to ', link(linkTo('services', service), service), ' '],
    isProtected ? chip('protected', 'good') : chip('public'),
  ];
}

function keyFigures({
  requestsPerSecond: all,
  clientErrorsPerSecond: client,
  serverErrorsPerSecond: server,
  requests,
  lastMinute,
  p50Ms,
  p99Ms,
}: RouteRow): Figure[] {
  return [
    {
      label: 'Requests',
      value: `${number(all)}/s`,
      ...(lastMinute !== undefined && { note: `${number(lastMinute.requests)} in a minute` }),
    },
    { label: 'Client errors', value: `${number(client)}/s`, ...(client > 0 && { note: percent(share(client, all)) }) },
    {
      label: 'Server errors',
      value: `${number(server)}/s`,
      ...(server > 0 && { note: percent(share(server, all)), tone: 'bad' as const }),
    },
    { label: 'p50', value: millis(p50Ms) },
    { label: 'p99', value: millis(p99Ms) },
    { label: 'Since start', value: number(requests) },
  ];
}

function recentOf({ state }: Told, name: string): NonNullable<Told['state']['recent']>['list'] {
  return state.recent?.query.endsWith(`route=${encodeURIComponent(name)}`) === true ? state.recent.list : [];
}

function refusals(state: State, { name, refusals: byCode }: RouteRow): VNode {
  const list = Object.entries(byCode).sort(([, a], [, b]) => b - a);
  const most = list[0]?.[1] ?? 0;
  const body =
    list.length === 0
      ? h('p', { class: 'empty' }, 'Nothing was refused within the last minute.')
      : h(
          'ul',
          { class: 'lines' },
          list.map(([code, count]) =>
            h(
              'li',
              { key: code },
              bar(count / most, toneOfCode(state, code)),
              h('a', { class: 'name', href: linkTo('requests', undefined, { route: name, code }) }, code),
              h('span', { class: 'num strong' }, number(count)),
            ),
          ),
        );
  return card('Refused in the last minute, by code', body, { key: 'refusals' });
}

function limits({ name, limiter }: RouteRow, { limits: all }: Overview): Child {
  const isOfThis = ({ scope }: LimitRow): boolean =>
    scope === 'gateway' || scope === `route ${name}` || scope.startsWith('plan ');
  const rows = limiter === null ? [] : all.filter(isOfThis);
  if (limiter === null) return undefined;
  const refused = share(limiter.refused, limiter.allowed + limiter.refused);
  return card(
    'Limits',
    h(
      'div',
      { class: 'stack' },
      pairs([
        ['Let through in the last minute', number(limiter.allowed)],
        ['Refused', `${number(limiter.refused)}${refused === null ? '' : ` (${percent(refused)})`}`],
      ]),
      rows.length > 0 && h('ul', { class: 'lines' }, rows.map(limitLine)),
    ),
    { key: 'limits' },
  );
}

function limitLine({ scope, limit, window, by, unit }: LimitRow, index: number): VNode {
  return h(
    'li',
    { key: `${index} ${scope}` },
    h('span', { class: 'name' }, scope),
    by !== null && by !== undefined && h('span', { class: 'muted from-phone' }, `by ${by}`),
    h(
      'span',
      { class: 'num strong' },
      `${typeof limit === 'number' ? number(limit) : limit}${unit === 'tokens' ? ' tokens' : ''} / ${window}`,
    ),
  );
}

function cache({ app }: Told, { name, cache: tallies }: RouteRow): Child {
  if (tallies === null) return undefined;
  const body = pairs([
    ['Hit rate in the last minute', h('b', { class: 'num' }, percent(tallies.hitRate))],
    ['Hits', number(tallies.hits)],
    ['Misses', number(tallies.misses)],
    ['Given out stale', number(tallies.stale)],
  ]);
  return card('Cache', body, { aside: button('Purge…', () => purgeCache(app, name), 'button-small'), key: 'cache' });
}

function serviceCard(service: ServiceRow | undefined): Child {
  if (service === undefined) return undefined;
  const { name, healthy, total, breaker, p99Ms } = service;
  const body = pairs([
    ['Targets', h('span', { class: healthy < total ? 'text-bad' : '' }, `${healthy} of ${total} in`)],
    ['Circuit', breakerChip(breaker) ?? 'none'],
    ['p99', millis(p99Ms)],
  ]);
  return card(`Service ${name}`, body, { aside: link(linkTo('services', name), 'Look'), key: 'service' });
}

function stages({ stages: list }: RouteRow): VNode {
  return card(
    'Stages, in their order',
    h(
      'ol',
      { class: 'chain' },
      list.map((stage) => h('li', { key: stage }, stage)),
    ),
    { key: 'stages' },
  );
}
