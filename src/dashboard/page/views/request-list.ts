import type { App } from '../app.ts';
import { type Child, h, type VNode } from '../dom.ts';
import { epoch, localTimes, millis, moment } from '../format.ts';
import { button, chip, link, type Pairs, pairs, type Tone } from '../parts.ts';
import { linkTo } from '../place.ts';
import type { Recent } from '../shapes.ts';
import { errorLink } from './error-link.ts';
import { type Held, holdOpened, keyOfRequest, stillList } from './held.ts';
import { stepList } from './steps.ts';

/** Told above the rest, or by the steps. */
const SHOWN_ELSEWHERE = new Set([
  'time',
  'level',
  'method',
  'path',
  'status',
  'code',
  'detail',
  'route',
  'consumer',
  'steps',
]);

export function toneOfStatus(status: number): Tone {
  return status >= 500 ? 'bad' : status >= 400 ? 'warn' : 'good';
}

/**
 * Refused and failed requests, the last one first; each unfolds to what every stage decided. It stands still while the
 * pointer is over it, and what is unfolded stays. `most`: how many are shown of them.
 */
export function requestList(app: App, list: readonly Recent[], empty: string, most = list.length): VNode {
  const rows = holdOpened(app.state, stillList(app.state, list), most);
  if (rows.length === 0) return h('p', { class: 'empty', key: 'none' }, empty);
  return h(
    'ul',
    { class: 'requests', key: 'requests', 'data-list': 'requests' },
    rows.map((row) => entry(app, row)),
  );
}

function entry(app: App, { one, isGone }: Held): VNode {
  const { open } = app.state;
  const key = keyOfRequest(one);
  const isOpen = open.has(key);
  const turn = (): void => {
    if (!open.delete(key)) open.add(key);
    app.redraw();
  };
  const { status, code, method = '', path = '', route, consumer, keyOwner, service, target } = one;
  const now = app.state.overview?.at ?? 0;
  return h(
    'li',
    { key, class: isOpen ? 'is-open' : '' },
    h(
      'button',
      { type: 'button', class: 'request', 'aria-expanded': String(isOpen), onclick: turn },
      h('span', { class: 'num muted when' }, moment(epoch(one.time), now)),
      chip(String(status), toneOfStatus(status)),
      h('span', { class: 'what' }, h('b', null, method), ' ', path),
      code === undefined
        ? h('span', { class: 'code muted' }, `said by ${service ?? 'the service'}`)
        : h('span', { class: 'code' }, code),
      h('span', { class: 'muted from-mid who' }, consumer ?? keyOwner ?? ''),
      h('span', { class: 'muted from-mid where' }, route ?? 'no route'),
      h('span', { class: 'muted from-wide where' }, target === undefined ? '' : hostOf(target)),
    ),
    isOpen && details(app, one, isGone),
  );
}

const hostOf = (target: string): string => target.replace(/^https?:\/\//, '');

function details(app: App, one: Recent, isGone: boolean): VNode {
  const { method = 'GET', path = '/', detail, code, route, keyOwner, consumer = keyOwner, target } = one;
  const explain = (): void => {
    const { explain: box } = app.state;
    box.text = `${method} ${path}`;
    box.address = typeof one['clientAddress'] === 'string' ? one['clientAddress'] : '';
    box.told = undefined;
    box.fault = undefined;
    location.hash = linkTo('explain');
  };
  const rest = Object.entries(one).filter(
    ([name, value]) => !SHOWN_ELSEWHERE.has(name) && value !== undefined && value !== null,
  );
  const all = (query: Record<string, string>): string => linkTo('requests', undefined, query);
  return h(
    'div',
    { class: 'request-body' },
    isGone && h('p', { class: 'muted', key: 'gone' }, 'No longer among the last: shown until it is folded up.'),
    (detail !== undefined || code !== undefined) &&
      h('p', { class: 'detail', key: 'detail' }, localTimes(detail ?? '', epoch(one.time)), ' ', errorLink(code)),
    stepList(one.steps),
    pairs(rest.map(([name, value]): Pairs[number] => [name, said(name, value, one)])),
    h(
      'p',
      { class: 'buttons', key: 'buttons' },
      code !== undefined && link(all({ code }), `All ${code}`, 'button'),
      target !== undefined && link(all({ target }), `All of ${hostOf(target)}`, 'button'),
      route !== undefined && link(linkTo('routes', route), `Route ${route}`, 'button'),
      consumer !== undefined && link(all({ consumer }), `All of ${consumer}`, 'button'),
      button('Explain such a request', explain),
    ),
  );
}

function said(name: string, value: unknown, { time }: Recent): Child {
  if (typeof value === 'number' && name.endsWith('Ms')) return millis(value);
  return localTimes(typeof value === 'object' ? JSON.stringify(value) : String(value), epoch(time));
}
