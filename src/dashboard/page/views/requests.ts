import type { Told } from '../app.ts';
import { type Child, h, type VNode } from '../dom.ts';
import { plural } from '../format.ts';
import { button, filterBox, isFound, pageHead } from '../parts.ts';
import { linkTo } from '../place.ts';
import { recentOf } from '../queries.ts';
import type { Recent } from '../shapes.ts';
import { codeCounts } from './code-counts.ts';
import { requestList } from './request-list.ts';

const SHOWN = 50;
const ALL = 'all requests';

const FIELDS = [
  ['route', 'Route'],
  ['code', 'Code'],
  ['status', 'Status'],
  ['consumer', 'Consumer'],
  ['service', 'Service'],
  ['target', 'Target'],
] as const;

/** The last refused and failed requests, narrowed down; what they are narrowed by stands in the address. */
export function requestsPage(told: Told): Child {
  const { app, state } = told;
  const { recent, place } = state;
  const isAtHand = recent !== undefined && recent.query === recentOf(place);
  const { target = '' } = place.query;
  const all = isAtHand ? recent.list.filter((one) => target === '' || one.target === target) : [];
  const list = all.filter((one) => isFound(app, ...textsOf(one)));
  const shown = state.open.has(ALL) ? list.length : SHOWN;
  return [
    pageHead(
      'Refused and failed requests',
      `The last ${plural(list.length, 'request')} that ended so, the newest first; at most 25 of each code are kept. The list stands still under the pointer.`,
      filterBox(app, 'requests', 'Filter by anything in a line'),
    ),
    codeCounts(told, all),
    h(
      'div',
      { class: 'selects', key: 'selects' },
      FIELDS.map(([field, label]) => choice(told, field, label)),
      clear(told),
    ),
    requestList(app, list, isAtHand ? emptyText(told) : 'Asking the gateway…', shown),
    list.length > shown &&
      button(`Show all ${list.length}`, () => {
        state.open.add(ALL);
        app.redraw();
      }),
  ];
}

/** All that its line says, and what its stages decided. */
function textsOf({ steps, ...fields }: Recent): readonly string[] {
  const values = Object.values(fields).map((value) => (typeof value === 'string' ? value : JSON.stringify(value)));
  return [...values, ...steps.flatMap(({ decisions }) => decisions ?? [])];
}

function emptyText(told: Told): string {
  return isNarrowed(told)
    ? 'None of those that are kept is like that. Only the last 25 of each code are: there may have been others.'
    : 'No request was refused or failed since the start.';
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
  return Object.values(state.place.query).some((value) => value !== '');
}

function clear(told: Told): Child {
  if (!isNarrowed(told)) return undefined;
  return button('Show all', () => {
    location.hash = linkTo('requests');
  });
}
