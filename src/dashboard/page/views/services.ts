import type { Told } from '../app.ts';
import { type Child, h } from '../dom.ts';
import { millis, number, plural } from '../format.ts';
import { dot, filterBox, isFound, link, pageHead } from '../parts.ts';
import { linkTo } from '../place.ts';
import type { BreakerState, ServiceRow } from '../shapes.ts';
import { type Column, table } from '../table.ts';
import { otherCircuits } from './circuit.ts';
import { breakerChip, toneOfService } from './service-lines.ts';

const RANK: Readonly<Record<string, number>> = { bad: 2, warn: 1, good: 0 };

/** All services, those in trouble first. */
export function servicesPage(told: Told): Child {
  const {
    app,
    overview: { services },
  } = told;
  const found = services.filter(({ name, targets }) => isFound(app, name, ...targets.map(({ url }) => url)));
  const rows = found.toSorted((a, b) => trouble(b) - trouble(a));
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
      empty: services.length === 0 ? 'No route leads to a service.' : 'No service is called so.',
    }),
    otherCircuits(told),
  ];
}

const trouble = (row: ServiceRow): number => (RANK[toneOfService(row)] ?? 0) * 1e9 + row.requestsPerSecond;

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
    by: ({ healthy, total }) => (total === 0 ? null : healthy / total),
    cell: ({ healthy, total }) => h('span', { class: healthy < total ? 'text-bad' : '' }, `${healthy}/${total}`),
  },
  {
    id: 'breaker',
    title: 'Circuit',
    by: ({ breaker }) => breaker?.state ?? null,
    cell: ({ breaker }) => circuitCell(breaker),
  },
  {
    id: 'rate',
    title: 'Attempts/s',
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

/** A closed one is as it should be, and needs no colour. */
function circuitCell(breaker: BreakerState | null): Child {
  if (breaker === null) return h('span', { class: 'muted' }, 'none');
  if (breaker.state === 'closed' && breaker.isForced !== true) return h('span', { class: 'muted' }, 'closed');
  return breakerChip(breaker);
}
