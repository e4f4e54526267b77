import { reload } from '../actions.ts';
import type { Told } from '../app.ts';
import { type Child, h, type VNode } from '../dom.ts';
import { ago, epoch, millis, moment } from '../format.ts';
import { button, chip, pageHead, type Tone } from '../parts.ts';
import type { Reload } from '../shapes.ts';
import { reloadWords } from './reload-words.ts';

const TONE: Readonly<Record<string, Tone>> = { applied: 'good', refused: 'bad' };

/** What was brought into force, and what was refused, in words. */
export function reloadsPage({ app, overview: { reloads, at } }: Told): Child {
  return [
    pageHead(
      'Reloads',
      'What has changed, in words; the newest first',
      button('Reload…', () => reload(app), 'button-main'),
    ),
    reloads.length === 0
      ? h('p', { class: 'empty', key: 'none' }, 'Not reloaded since the start.')
      : h(
          'ol',
          { class: 'reloads', key: 'reloads' },
          reloads.map((one) => h('li', { class: 'card', key: `${one.at} ${one.result}` }, reloadLine(one, at))),
        ),
  ];
}

const BY: Readonly<Record<string, string>> = {
  watch: 'an edited file',
  signal: 'a signal',
  SIGHUP: 'SIGHUP',
  admin: 'the admin port',
  start: 'the start',
};

export function reloadLine(one: Reload, now: number): VNode {
  const { result, by, tookMs } = one;
  const at = epoch(one.at);
  return h(
    'div',
    { class: 'reload' },
    h(
      'p',
      { class: 'reload-head' },
      chip(result, TONE[result] ?? 'quiet'),
      h('span', { class: 'num' }, moment(at, now)),
      h('span', { class: 'muted' }, ago(at, now)),
      h('span', { class: 'muted' }, `by ${BY[by] ?? by}`),
      tookMs !== undefined && h('span', { class: 'muted num' }, `took ${millis(tookMs)}`),
    ),
    by === 'start' && one.changes.length === 0 && result === 'applied'
      ? h('p', null, 'The gateway started with this configuration.')
      : reloadWords(one),
  );
}
