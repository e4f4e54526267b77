import type { Told } from '../app.ts';
import { type Child, h, type VNode } from '../dom.ts';
import { number, percent, share } from '../format.ts';
import { card, filterBox, isFound, link, pageHead } from '../parts.ts';
import { linkTo } from '../place.ts';
import type { ConsumerRow, LimitRow, TokenRow } from '../shapes.ts';
import { type Column, table } from '../table.ts';

/** Who calls most, what they may, and what models have used. */
export function consumersPage({ app, overview }: Told): Child {
  const { consumers, limits, tokens } = overview;
  const rows = consumers.filter(({ name, plan, topRoute }) => isFound(app, name, plan, topRoute));
  return [
    pageHead(
      'Consumers',
      'The twenty that called most within the last ten minutes',
      filterBox(app, 'consumers', 'Filter by consumer or plan'),
    ),
    table({
      app,
      id: 'consumers',
      caption: 'Consumers',
      columns: CONSUMER_COLUMNS,
      rows,
      keyOf: ({ name }) => name,
      sort: 'requests',
      empty:
        consumers.length === 0 ? 'No consumer has called within the last ten minutes.' : 'No consumer is called so.',
    }),
    card('Limits', limitTable({ app, overview, state: app.state }, limits), { key: 'limits' }),
    tokens.length > 0 &&
      card('Tokens of models', tokenTable({ app, overview, state: app.state }, tokens), { key: 'tokens' }),
  ];
}

const CONSUMER_COLUMNS: readonly Column<ConsumerRow>[] = [
  {
    id: 'name',
    title: 'Consumer',
    by: ({ name }) => name,
    cell: ({ name }) => link(linkTo('requests', undefined, { consumer: name }), name, 'name'),
  },
  { id: 'plan', title: 'Plan', from: 'phone', by: ({ plan }) => plan ?? null, cell: ({ plan }) => plan ?? '' },
  {
    id: 'rate',
    title: 'Req/s',
    isNumber: true,
    by: ({ requestsPerSecond }) => requestsPerSecond,
    cell: ({ requestsPerSecond }) => number(requestsPerSecond),
  },
  {
    id: 'requests',
    title: 'In 10 min',
    isNumber: true,
    by: ({ requests }) => requests,
    cell: ({ requests }) => number(requests),
  },
  { id: 'refused', title: 'Refused', isNumber: true, by: ({ refused }) => refused, cell: refusedCell },
  { id: 'failed', title: 'Failed', isNumber: true, by: ({ failed }) => failed ?? 0, cell: failedCell },
  {
    id: 'route',
    title: 'Mostly',
    from: 'mid',
    by: ({ topRoute }) => topRoute ?? null,
    cell: ({ topRoute }) => topRoute && link(linkTo('routes', topRoute), topRoute, 'plain'),
  },
];

/** By the gateway. */
function refusedCell({ refused, requests }: ConsumerRow): VNode {
  return partCell(refused, requests, 'text-warn');
}

/** For the sake of a service or of the gateway. */
function failedCell({ failed = 0, requests }: ConsumerRow): VNode {
  return partCell(failed, requests, 'text-bad');
}

function partCell(count: number, requests: number, tone: string): VNode {
  const part = share(count, requests);
  return h(
    'span',
    { class: count > 0 ? tone : 'muted' },
    number(count),
    count > 0 && part !== null && h('span', { class: 'muted from-phone' }, ` (${percent(part)})`),
  );
}

function limitTable({ app }: Told, limits: readonly LimitRow[]): VNode {
  return table({
    app,
    id: 'limits',
    caption: 'Limits',
    columns: LIMIT_COLUMNS,
    rows: limits,
    keyOf: ({ scope, limit, window, by }) => [scope, limit, window, by].join(' '),
    empty: 'No route, plan or gateway has a limit.',
    pageSize: 20,
  });
}

const LIMIT_COLUMNS: readonly Column<LimitRow>[] = [
  { id: 'scope', title: 'Of', by: ({ scope }) => scope, cell: ({ scope }) => scope },
  {
    id: 'limit',
    title: 'At most',
    isNumber: true,
    by: ({ limit }) => limit,
    cell: ({ limit, unit }) => `${typeof limit === 'number' ? number(limit) : limit} ${unit ?? 'calls'}`,
  },
  { id: 'window', title: 'In', isNumber: true, cell: ({ window }) => window },
  { id: 'by', title: 'Counted by', from: 'phone', by: ({ by }) => by ?? null, cell: ({ by }) => by ?? '' },
];

function tokenTable({ app }: Told, tokens: readonly TokenRow[]): VNode {
  return table({
    app,
    id: 'tokens',
    caption: 'Tokens of models',
    columns: TOKEN_COLUMNS,
    rows: tokens,
    keyOf: ({ route, model }) => `${route} ${model}`,
    sort: 'out',
    empty: 'No model was asked.',
  });
}

const TOKEN_COLUMNS: readonly Column<TokenRow>[] = [
  {
    id: 'route',
    title: 'Route',
    by: ({ route }) => route,
    cell: ({ route }) => link(linkTo('routes', route), route, 'name'),
  },
  { id: 'model', title: 'Model', by: ({ model }) => model, cell: ({ model }) => model },
  {
    id: 'in',
    title: 'In/min',
    isNumber: true,
    by: ({ inPerMinute }) => inPerMinute,
    cell: ({ inPerMinute }) => number(inPerMinute),
  },
  {
    id: 'out',
    title: 'Out/min',
    isNumber: true,
    by: ({ outPerMinute }) => outPerMinute,
    cell: ({ outPerMinute }) => number(outPerMinute),
  },
  {
    id: 'total',
    title: 'Since start',
    from: 'mid',
    isNumber: true,
    by: ({ inTotal, outTotal }) => inTotal + outTotal,
    cell: ({ inTotal, outTotal }) => `${number(inTotal)} + ${number(outTotal)}`,
  },
  {
    id: 'budget',
    title: 'Budget',
    from: 'phone',
    cell: ({ budgets }) => budgets.map(({ limit, window }) => `${number(limit)} / ${window}`).join(', '),
  },
];
