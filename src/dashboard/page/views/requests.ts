import type { Told } from '../app.ts';
import { type Child, h, type VNode } from '../dom.ts';
import { plural } from '../format.ts';
import { button, filterBox, isFound, pageHead } from '../parts.ts';
import { linkTo } from '../place.ts';
import { requestList } from './request-list.ts';

const SHOWN = 50;
const ALL = 'all requests';

const FIELDS = [
  ['route', 'Route'],
  ['code', 'Code'],
  ['status', 'Status'],
  ['consumer', 'Consumer'],
  ['service', 'Service'],
] as const;

/** The last refused and failed requests, narrowed down; what they are narrowed by stands in the address. */
export function requestsPage(told: Told): Child {
  const { app, state } = told;
  const all = state.recent?.query.startsWith('recent?count=200') === true ? state.recent.list : [];
  const list = all.filter((one) =>
    isFound(
      app,
      'requests',
      one.method,
      one.path,
      one.code,
      one.consumer,
      one.route,
      one.requestId,
      one.detail,
      String(one.status),
    ),
  );
  const shown = state.open.has(ALL) ? list : list.slice(0, SHOWN);
  return [
    pageHead(
      'Refused and failed requests',
      `The last ${plural(list.length, 'request')} that ended so, the newest first; at most 25 of each code are kept`,
      filterBox(app, 'requests', 'Filter by path, ID, words'),
    ),
    h(
      'div',
      { class: 'selects', key: 'selects' },
      FIELDS.map(([field, label]) => choice(told, field, label)),
      clear(told),
    ),
    requestList(
      app,
      shown,
      isNarrowed(told)
        ? 'None of those that are kept is like that.'
        : 'No request was refused or failed since the start.',
    ),
    list.length > shown.length &&
      button(`Show all ${list.length}`, () => {
        state.open.add(ALL);
        app.redraw();
      }),
  ];
}

function choice({ state }: Told, field: string, label: string): VNode {
  const { query } = state.place;
  const chosen = query[field] ?? '';
  const seen = new Set([...(state.seen.get(field) ?? []), ...(chosen === '' ? [] : [chosen])]);
  const choose = (event: Event): void => {
    location.hash = linkTo('requests', undefined, { ...query, [field]: (event.target as HTMLSelectElement).value });
  };
  return h(
    'label',
    { key: field },
    h('span', null, label),
    h(
      'select',
      { onchange: choose },
      h('option', { value: '', key: '', selected: chosen === '' }, 'any'),
      [...seen].sort().map((one) => h('option', { value: one, key: one, selected: one === chosen }, one)),
    ),
  );
}

function isNarrowed({ state }: Told): boolean {
  return Object.values(state.place.query).some((value) => value !== '') || (state.filters.get('requests') ?? '') !== '';
}

function clear(told: Told): Child {
  if (!isNarrowed(told)) return undefined;
  return button('Show all', () => {
    told.state.filters.delete('requests');
    location.hash = linkTo('requests');
    told.app.redraw();
  });
}
