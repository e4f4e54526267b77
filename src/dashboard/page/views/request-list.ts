import type { App } from '../app.ts';
import { type Child, h, type VNode } from '../dom.ts';
import { epoch, millis, moment } from '../format.ts';
import { button, chip, link, type Pairs, pairs, type Tone } from '../parts.ts';
import { linkTo } from '../place.ts';
import type { Recent } from '../shapes.ts';
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

/** Refused and failed requests, the last one first; each unfolds to what every stage decided. */
export function requestList(app: App, list: readonly Recent[], empty: string): VNode {
  if (list.length === 0) return h('p', { class: 'empty', key: 'none' }, empty);
  return h(
    'ul',
    { class: 'requests', key: 'requests' },
    list.map((one, index) => entry(app, one, index)),
  );
}

function entry(app: App, one: Recent, index: number): VNode {
  const { open } = app.state;
  const key = `${one.requestId ?? index} ${one.time}`;
  const isOpen = open.has(key);
  const turn = (): void => {
    if (!open.delete(key)) open.add(key);
    app.redraw();
  };
  const { status, code, method = '', path = '', route, consumer, service } = one;
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
      h('span', { class: 'muted from-mid who' }, consumer ?? ''),
      h('span', { class: 'muted from-mid where' }, route ?? 'no route'),
    ),
    isOpen && details(app, one),
  );
}

function details(app: App, one: Recent): VNode {
  const { method = 'GET', path = '/', detail, code, route, consumer } = one;
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
  return h(
    'div',
    { class: 'request-body' },
    detail !== undefined && h('p', { class: 'detail' }, detail),
    stepList(one.steps),
    pairs(rest.map(([name, value]): Pairs[number] => [name, said(name, value)])),
    h(
      'p',
      { class: 'buttons' },
      code !== undefined && link(linkTo('requests', undefined, { code }), `All ${code}`, 'button'),
      route !== undefined && link(linkTo('routes', route), `Route ${route}`, 'button'),
      consumer !== undefined && link(linkTo('requests', undefined, { consumer }), `All of ${consumer}`, 'button'),
      button('Explain such a request', explain),
    ),
  );
}

function said(name: string, value: unknown): Child {
  if (typeof value === 'number' && name.endsWith('Ms')) return millis(value);
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
