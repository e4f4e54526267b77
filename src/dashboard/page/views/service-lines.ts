import type { Told } from '../app.ts';
import { h, type VNode } from '../dom.ts';
import { millis, number } from '../format.ts';
import { card, chip, dot, link, type Tone } from '../parts.ts';
import { linkTo } from '../place.ts';
import type { BreakerState, ServiceRow } from '../shapes.ts';
import { keepOrder } from '../steady.ts';

const SHOWN = 8;

/** A circuit whose trial is under way has not closed: it stands as badly as before. */
export function toneOfService({ healthy, total, breaker }: ServiceRow): Tone {
  const isOpen = breaker?.state === 'open' || breaker?.state === 'half-open';
  if (isOpen || (total > 0 && healthy === 0)) return 'bad';
  return healthy < total || breaker?.isForced === true ? 'warn' : 'good';
}

const TONE_OF_STATE: Readonly<Record<string, Tone>> = { closed: 'good', open: 'bad' };

export function breakerChip(breaker: BreakerState | null): VNode | undefined {
  if (breaker === null) return undefined;
  const held = breaker.isForced === true ? ', held by hand' : '';
  return chip(`circuit ${breaker.state}${held}`, TONE_OF_STATE[breaker.state] ?? 'warn');
}

const WORST: readonly Tone[] = ['bad', 'warn', 'good'];

/** The services in short, those in trouble first. */
export function serviceLines({ state, overview: { services } }: Told): VNode {
  const rank = (row: ServiceRow): number => WORST.indexOf(toneOfService(row));
  const sorted = services.toSorted((a, b) => rank(a) - rank(b) || b.requestsPerSecond - a.requestsPerSecond);
  const list = keepOrder(state, 'services', sorted, ({ name }) => name).slice(0, SHOWN);
  const body =
    list.length === 0
      ? h('p', { class: 'empty' }, 'No route leads to a service.')
      : h('ul', { class: 'lines', 'data-list': 'services' }, list.map(serviceLine));
  return card('Services', body, {
    aside: link(linkTo('services'), services.length > SHOWN ? `All ${services.length}` : 'All services'),
    key: 'services',
  });
}

function serviceLine(row: ServiceRow): VNode {
  const { name, healthy, total, requestsPerSecond, p99Ms, breaker } = row;
  const tone = toneOfService(row);
  const isClosed = breaker === null || (breaker.state === 'closed' && breaker.isForced !== true);
  return h(
    'li',
    { key: name },
    dot(tone),
    h('a', { href: linkTo('services', name), class: 'name' }, name),
    !isClosed && breakerChip(breaker),
    h(
      'span',
      { class: `num${healthy < total ? ' text-warn' : ' muted'}${isClosed ? '' : ' from-phone'}` },
      `${healthy}/${total} in`,
    ),
    h('span', { class: 'num muted from-phone' }, millis(p99Ms)),
    h('span', { class: 'num strong' }, `${number(requestsPerSecond)}/s`),
  );
}
