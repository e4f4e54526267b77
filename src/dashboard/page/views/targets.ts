import type { Told } from '../app.ts';
import { type Child, h, type VNode } from '../dom.ts';
import { ago, localTimes, millis, moment, number } from '../format.ts';
import { chip, type Tone } from '../parts.ts';
import type { LastFailure, TargetRow } from '../shapes.ts';
import { type Column, table } from '../table.ts';

/** The targets of a service: whether requests go there, and how the last one of those that failed did. */
export function targetTable({ app, overview }: Told, targets: readonly TargetRow[]): VNode {
  return table({
    app,
    id: 'targets',
    caption: 'Targets',
    columns: columns(overview.at),
    rows: targets,
    keyOf: ({ url }) => url,
    sort: 'url',
    empty: 'It has no target: every request for it is refused.',
  });
}

const TONE: Readonly<Record<string, Tone>> = { in: 'good', trial: 'warn' };
const WORD: Readonly<Record<string, string>> = { trial: 'on trial' };

function columns(now: number): readonly Column<TargetRow>[] {
  return [
    { id: 'url', title: 'Target', by: ({ url }) => url, cell: ({ url }) => h('code', null, url) },
    {
      id: 'state',
      title: 'State',
      by: ({ state }) => state,
      cell: ({ state, reason }) => [
        chip(WORD[state] ?? state, TONE[state] ?? 'bad'),
        Boolean(reason) &&
          h('span', { class: state === 'in' ? 'muted beside from-mid' : 'beside' }, localTimes(reason ?? '', now)),
      ],
    },
    {
      id: 'failure',
      title: 'Last failure',
      by: ({ lastFailure }) => lastFailure?.at ?? null,
      cell: ({ lastFailure, state }) => failureCell(lastFailure, state === 'in', now),
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
}

/** `refused` (connect ECONNREFUSED…), 12 in a row since 21:41:56, the last 3 s ago. */
function failureCell(failure: LastFailure | null | undefined, isIn: boolean, now: number): Child {
  if (failure === null || failure === undefined) return h('span', { class: 'muted' }, 'none');
  const { outcome, cause, at, inARow, since } = failure;
  const row = inARow > 1 ? `${number(inARow)} in a row since ${moment(since, now)}, the last ` : '';
  return h(
    'span',
    { class: isIn ? 'muted failure' : 'failure' },
    h('b', null, outcome),
    cause !== '' && cause !== outcome && ` (${localTimes(cause, now)})`,
    h('span', { class: 'muted' }, ` ${row}${ago(at, now)}`),
  );
}
