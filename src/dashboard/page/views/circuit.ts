import { moveBreaker } from '../actions.ts';
import type { Told } from '../app.ts';
import { type Child, h, type VNode } from '../dom.ts';
import { duration, epoch, moment, number, plural } from '../format.ts';
import { button, card, link, type Pairs, pairs } from '../parts.ts';
import { linkTo } from '../place.ts';
import type { BreakerState } from '../shapes.ts';
import { breakerChip } from './service-lines.ts';

/** A circuit: how it stands, since when and why; and the buttons that move it. */
export function circuitCard({ app, overview }: Told, breaker: BreakerState | null): Child {
  if (breaker === null) return undefined;
  const { name, state, isForced = false } = breaker;
  const move = (to: 'open' | 'closed' | 'auto') => (): void => moveBreaker(app, name, to);
  const body = h(
    'div',
    { class: 'circuit' },
    pairs(lines(breaker, overview.at)),
    h(
      'div',
      { class: 'buttons' },
      !isForced && button('Hold open…', move('open')),
      (state !== 'closed' || isForced) && button('Close…', move('closed')),
      isForced && button('Give back…', move('auto'), 'button-main'),
    ),
  );
  return card('Circuit', body, { key: 'circuit' });
}

function lines(breaker: BreakerState, now: number): Pairs {
  const { state, since, openSince, retryAfterSeconds, isForced = false, opened } = breaker;
  const list: [string, Child][] = [['State', h('span', null, breakerChip(breaker))]];
  const told = (time: number): string => `${moment(epoch(time), now)} (${duration((now - time) / 1000)})`;
  // Trials between do not close it: it has failed since it opened first.
  const isOpen = typeof openSince === 'number' && state !== 'closed';
  if (isOpen) list.push(['Open since', h('b', null, told(openSince))]);
  if (typeof since === 'number' && since !== openSince) list.push([isOpen ? 'Last trial' : 'Since', told(since)]);
  if (opened !== undefined) list.push(['Opened by', openedBy(opened)]);
  if (state === 'open' && !isForced && typeof retryAfterSeconds === 'number') {
    list.push(['Tries again', `in ${number(Math.ceil(retryAfterSeconds))} s`]);
  }
  list.push(['Moved by', isForced ? 'an operator, until it is given back' : 'what the service does']);
  return list;
}

function openedBy({ calls, failures, outcomes = {} }: NonNullable<BreakerState['opened']>): Child {
  const causes = Object.entries(outcomes).sort(([, a], [, b]) => b - a);
  return [
    `${plural(failures, 'failure')} in ${plural(calls, 'call')}`,
    causes.length > 0 && [
      ': ',
      h('b', null, causes.map(([outcome, count]) => `${number(count)} × ${outcome}`).join(', ')),
    ],
  ];
}

/** Those that are no service's: of routes that have their own. */
export function otherCircuits({ overview: { breakers = [], services } }: Told): VNode | undefined {
  const names = new Set(services.map(({ name }) => name));
  const others = breakers.filter(({ name }) => !names.has(name));
  if (others.length === 0) return undefined;
  const entry = (breaker: BreakerState): VNode =>
    h('li', { key: breaker.name }, link(linkTo('services', breaker.name), breaker.name, 'name'), breakerChip(breaker));
  return card('Circuits of routes that have their own', h('ul', { class: 'lines' }, others.map(entry)), {
    key: 'circuits',
  });
}
