import { moveBreaker } from '../actions.ts';
import type { Told } from '../app.ts';
import { type Child, h, type VNode } from '../dom.ts';
import { duration, epoch, moment, number } from '../format.ts';
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
  const { state, since, retryAfterSeconds, isForced = false, opened } = breaker;
  const list: [string, Child][] = [['State', h('span', null, breakerChip(breaker))]];
  if (since !== undefined && since !== null) {
    const at = epoch(since);
    list.push(['Since', `${moment(at, now)} (${duration((now - at) / 1000)})`]);
  }
  if (opened !== undefined)
    list.push(['Opened by', `${number(opened.failures)} failures in ${number(opened.calls)} calls`]);
  if (state === 'open' && !isForced && typeof retryAfterSeconds === 'number') {
    list.push(['Tries again', `in ${number(Math.ceil(retryAfterSeconds))} s`]);
  }
  list.push(['Moved by', isForced ? 'an operator, until it is given back' : 'what the service does']);
  return list;
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
