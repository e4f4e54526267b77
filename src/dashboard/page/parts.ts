import type { App } from './app.ts';
import { type Child, h, type VNode } from './dom.ts';

/** A box with a heading. */
export function card(
  title: string,
  body: Child,
  { aside, key, level = 'h2' }: { aside?: Child; key?: string; level?: string } = {},
): VNode {
  return h(
    'section',
    { class: 'card', key: key ?? title },
    h('header', { class: 'card-head' }, h(level, null, title), aside),
    body,
  );
}

/** The heading of a page. */
export function pageHead(title: string, about: Child, aside?: Child): VNode {
  return h(
    'header',
    { class: 'page-head', key: 'head' },
    h('div', { class: 'page-title' }, h('h1', { tabindex: '-1' }, title), h('p', { class: 'muted' }, about)),
    aside !== undefined && h('div', { class: 'page-aside' }, aside),
  );
}

export type Tone = 'good' | 'bad' | 'warn' | 'quiet';

/** A word in a coloured frame; colour alone never says it. */
export function chip(text: string, tone: Tone = 'quiet'): VNode {
  return h('span', { class: `chip chip-${tone}` }, text);
}

export function dot(tone: Tone): VNode {
  return h('span', { class: `dot dot-${tone}`, 'aria-hidden': 'true' });
}

/** A link within the page. */
export function link(href: string, text: Child, className = 'link'): VNode {
  return h('a', { href, class: className }, text);
}

export interface Figure {
  readonly label: string;
  readonly value: string;
  readonly note?: string;
  readonly tone?: Tone;
}

/** Numbers with their names, side by side. */
export function figures(list: readonly Figure[], label: string): VNode {
  return h(
    'dl',
    { class: 'figures', key: `figures ${label}`, 'aria-label': label },
    list.map(({ label: name, value, note, tone }) =>
      h(
        'div',
        { key: name },
        h('dt', null, name),
        h(
          'dd',
          null,
          h('span', { class: `figure num${tone === undefined ? '' : ` text-${tone}`}` }, value),
          // There without words, too: figures that come and go must not move the page.
          h('span', { class: 'note num' }, note ?? ''),
        ),
      ),
    ),
  );
}

/** The box that `/` leads to. What is typed stands in the address: a link that leads elsewhere has none of it. */
export function filterBox(app: App, page: string, label: string): VNode {
  const value = wordsOf(app);
  const type = (event: Event): void => {
    const table = app.state.tables.get(page);
    if (table !== undefined) app.state.tables.set(page, { ...table, page: 0 });
    app.filter((event.target as HTMLInputElement).value);
  };
  return h(
    'label',
    { class: 'filter', key: 'filter' },
    h('span', { class: 'unseen' }, label),
    h('input', {
      type: 'search',
      'data-filter': '',
      placeholder: `${label}`,
      value,
      oninput: type,
      spellcheck: 'false',
      autocomplete: 'off',
      onkeydown: leaveOnEscape,
    }),
    h('kbd', { 'aria-hidden': 'true' }, '/'),
  );
}

/** What stands in the filter of the page at hand. */
export const wordsOf = ({ state }: Pick<App, 'state'>): string => state.place.query['words'] ?? '';

function leaveOnEscape(event: Event): void {
  const box = event.target as HTMLInputElement;
  if ((event as KeyboardEvent).key === 'Escape' && box.value === '') box.blur();
}

/** True where each word that was typed stands in one of the texts. */
export function isFound(app: App, ...texts: readonly (string | null | undefined)[]): boolean {
  const words = wordsOf(app).toLowerCase().split(/\s+/);
  const all = texts.join('\n').toLowerCase();
  return words.every((word) => all.includes(word));
}

export function button(text: string, onclick: () => void, kind = ''): VNode {
  return h('button', { type: 'button', class: `button ${kind}`.trim(), onclick, key: text }, text);
}

/** A line without axes: how a number went over the last two minutes. */
export function spark(values: readonly number[], most = Math.max(...values, 0)): VNode {
  const [width, height] = [72, 20];
  const step = width / 59;
  const from = width - (values.length - 1) * step;
  const y = (value: number): string => (height - 1.5 - (most === 0 ? 0 : value / most) * (height - 3)).toFixed(1);
  // Of two polls a line would only be a speck.
  const isEnough = values.length > 4;
  const points = values.map((value, index) => `${(from + index * step).toFixed(1)} ${y(value)}`);
  return h(
    'svg',
    {
      class: 'spark',
      viewBox: `0 0 ${width} ${height}`,
      'aria-hidden': 'true',
      width: String(width),
      height: String(height),
    },
    isEnough &&
      h('path', { class: 'spark-area', d: `M${points.join('L')}L${width} ${height}L${from.toFixed(1)} ${height}Z` }),
    isEnough && h('path', { class: 'spark-line', d: `M${points.join('L')}` }),
  );
}

/** How much of a whole, as a bar behind its number. */
export function bar(ratio: number, tone: Tone = 'quiet'): VNode {
  return h('span', {
    class: `bar bar-${tone}`,
    'aria-hidden': 'true',
    style: { '--share': String(Math.min(1, Math.max(0, ratio))) },
  });
}

export type Pairs = readonly (readonly [name: string, value: Child])[];

/** Names and values, one below the other. */
export function pairs(list: Pairs): VNode {
  return h(
    'dl',
    { class: 'pairs' },
    list.map(([name, value]) => h('div', { key: name }, h('dt', null, name), h('dd', null, value))),
  );
}
