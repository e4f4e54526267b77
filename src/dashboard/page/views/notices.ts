import { type Child, h, type VNode } from '../dom.ts';
import { plural } from '../format.ts';
import { dot, type Tone } from '../parts.ts';
import { linkOfNotice } from '../place.ts';
import type { Notice, Overview } from '../shapes.ts';

const TONE: Readonly<Record<Notice['severity'], Tone>> = { bad: 'bad', warn: 'warn', info: 'quiet' };
const WORD: Readonly<Record<Notice['severity'], string>> = { bad: 'Broken', warn: 'Look', info: 'Note' };

/** What asks to be looked at, the worst first; or that nothing does. */
export function notices({ notices: list, services, window: last }: Overview): VNode {
  if (list.length === 0) {
    const targets = services.reduce((sum, { healthy }) => sum + healthy, 0);
    const calm =
      targets === 0
        ? 'Nothing asks to be looked at.'
        : `All is well: ${plural(targets, 'target')} in, no circuit open.`;
    const quiet = last.requestsPerSecond === 0 ? ' Nobody calls at the moment.' : '';
    return h(
      'div',
      { class: 'notices', key: 'notices' },
      h('p', { class: 'notice notice-good' }, dot('good'), h('span', null, calm + quiet)),
    );
  }
  return h(
    'section',
    { class: 'notices', key: 'notices', 'aria-label': 'What asks to be looked at' },
    h(
      'ul',
      null,
      list.map((notice) => h('li', { key: notice.text }, entry(notice))),
    ),
  );
}

function entry({ severity, text, link }: Notice): Child {
  const href = linkOfNotice(link);
  const inside = [
    dot(TONE[severity]),
    h('span', { class: `notice-word text-${TONE[severity]}` }, WORD[severity]),
    h('span', { class: 'notice-text' }, text),
    href !== undefined && h('span', { class: 'go', 'aria-hidden': 'true' }, '→'),
  ];
  const classes = `notice notice-${severity}`;
  return href === undefined ? h('p', { class: classes }, inside) : h('a', { class: classes, href }, inside);
}
