import type { App, TableState } from './app.ts';
import { type Child, h, type VNode } from './dom.ts';
import { number } from './format.ts';
import { wordsOf } from './parts.ts';
import { keepOrder } from './steady.ts';

export interface Column<Row> {
  readonly id: string;
  readonly title: string;
  readonly cell: (row: Row) => Child;
  /** What it is sorted by; without it, it is not. */
  readonly by?: (row: Row) => number | string | null;
  /** At the right, in figures of one width. */
  readonly isNumber?: boolean;
  /** Left out on screens narrower than: `mid` 1000 px, `wide` 1250 px, `phone` 620 px. */
  readonly from?: 'phone' | 'mid' | 'wide';
}

export interface TableOptions<Row> {
  readonly app: App;
  readonly id: string;
  /** What it lists, for who does not see the heading above it. */
  readonly caption: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
  /** The column that sorts at first, from the largest down; a text from A to Z. */
  readonly sort?: string;
  readonly empty: string;
  readonly pageSize?: number;
}

const PAGE_SIZE = 50;

/** A table whose head sorts, and whose rows come in pages: a thousand of them are never in the document at once. */
export function table<Row>(options: TableOptions<Row>): VNode {
  const { app, id, caption, columns, rows, keyOf, empty, pageSize = PAGE_SIZE } = options;
  if (rows.length === 0) return h('p', { class: 'empty', key: `${id} empty` }, empty);
  const state = app.state.tables.get(id) ?? firstState(options);
  const set = (change: Partial<TableState>): void => {
    app.state.tables.set(id, { ...state, ...change });
    app.redraw();
  };
  const pages = Math.ceil(rows.length / pageSize);
  const page = Math.min(state.page, pages - 1);
  const order = `${state.sort} ${state.isDescending} ${wordsOf(app)}`;
  const all = keepOrder(app.state, id, sortRows(rows, columns, state), keyOf, order);
  const sorted = all.slice(page * pageSize, (page + 1) * pageSize);
  return h(
    'div',
    { key: id, class: 'table-box' },
    h(
      'table',
      { class: 'table' },
      h('caption', { class: 'unseen' }, caption),
      h(
        'thead',
        null,
        h(
          'tr',
          null,
          columns.map((column) => headCell(column, state, set)),
        ),
      ),
      h(
        'tbody',
        { 'data-list': id },
        sorted.map((row) =>
          h(
            'tr',
            { key: keyOf(row) },
            columns.map((column) => h('td', { key: column.id, class: classOf(column) }, column.cell(row))),
          ),
        ),
      ),
    ),
    pages > 1 && pager({ page, pages, pageSize, count: rows.length, caption }, (next) => set({ page: next })),
  );
}

function firstState<Row>({ columns, sort = '' }: TableOptions<Row>): TableState {
  return { sort, isDescending: columns.find(({ id }) => id === sort)?.isNumber === true, page: 0 };
}

function classOf<Row>({ isNumber, from }: Column<Row>): string {
  return [isNumber && 'num', from !== undefined && `from-${from}`].filter(Boolean).join(' ');
}

function headCell<Row>(column: Column<Row>, state: TableState, set: (change: Partial<TableState>) => void): VNode {
  const { id, title, by, isNumber = false } = column;
  const props = { key: id, scope: 'col', class: classOf(column) };
  if (by === undefined) return h('th', props, title);
  const isSorted = state.sort === id;
  const direction = state.isDescending ? 'descending' : 'ascending';
  const turn = (): void => set({ sort: id, isDescending: isSorted ? !state.isDescending : isNumber, page: 0 });
  return h(
    'th',
    { ...props, 'aria-sort': isSorted ? direction : undefined },
    h('button', { type: 'button', class: `sort${isSorted ? ` ${direction}` : ''}`, onclick: turn }, title),
  );
}

function sortRows<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  { sort, isDescending }: TableState,
): readonly Row[] {
  const by = columns.find(({ id }) => id === sort)?.by;
  if (by === undefined) return rows;
  const sign = isDescending ? -1 : 1;
  return rows
    .map((row) => ({ row, value: by(row) }))
    .sort((a, b) => compare(a.value, b.value, sign))
    .map(({ row }) => row);
}

/** What has no value stands last, whichever way it goes. */
function compare(a: number | string | null, b: number | string | null, sign: number): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null);
  if (typeof a === 'number' && typeof b === 'number') return sign * (a - b);
  return sign * String(a).localeCompare(String(b), 'en', { numeric: true });
}

interface Pager {
  readonly page: number;
  readonly pages: number;
  readonly pageSize: number;
  readonly count: number;
  readonly caption: string;
}

function pager({ page, pages, pageSize, count, caption }: Pager, go: (page: number) => void): VNode {
  const last = Math.min(count, (page + 1) * pageSize);
  const step = (to: number, label: string): VNode =>
    h(
      'button',
      {
        type: 'button',
        class: 'button',
        'aria-disabled': to < 0 || to >= pages ? 'true' : undefined,
        onclick: () => to >= 0 && to < pages && go(to),
      },
      label,
    );
  return h(
    'nav',
    { class: 'pager', 'aria-label': `Pages of: ${caption}` },
    h('span', { class: 'num muted' }, `${number(page * pageSize + 1)}–${number(last)} of ${number(count)}`),
    step(page - 1, 'Previous'),
    step(page + 1, 'Next'),
  );
}
