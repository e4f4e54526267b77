import type { Told } from '../app.ts';
import { h, type VNode } from '../dom.ts';
import { localTimes, plural } from '../format.ts';
import { button, dot, type Tone } from '../parts.ts';
import { linkOfEvidence, linkOfNotice } from '../place.ts';
import type { Notice } from '../shapes.ts';

const TONE: Readonly<Record<Notice['severity'], Tone>> = { bad: 'bad', warn: 'warn', info: 'quiet' };
const WORD: Readonly<Record<Notice['severity'], string>> = { bad: 'Broken', warn: 'Look', info: 'Note' };

const SHOWN = 6;
const ALL = 'all notices';

/** What asks to be looked at, the worst first; or that nothing does. */
export function notices({ app, state, overview }: Told): VNode {
  const { notices: list, services, window: last } = overview;
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
  const isWhole = state.open.has(ALL) || list.length <= SHOWN + 1;
  const shown = isWhole ? list : list.slice(0, SHOWN);
  const showAll = (): void => {
    state.open.add(ALL);
    app.redraw();
  };
  return h(
    'section',
    { class: 'notices', key: 'notices', 'aria-label': 'What asks to be looked at' },
    h(
      'ul',
      null,
      // By their place: the seconds in a text pass, and the focus must stay.
      shown.map((notice, index) => h('li', { key: `${index} ${notice.link}` }, entry(notice, overview.at))),
    ),
    list.length > shown.length && button(`Show ${list.length - shown.length} more`, showAll, 'button-small'),
  );
}

/** All of it leads to what it speaks of; a link of its own to the requests that show it. */
function entry({ severity, text, link: about, evidence }: Notice, now: number): VNode {
  const [subject, requests] = [linkOfNotice(about), linkOfEvidence(evidence)];
  const href = subject ?? requests;
  const words = localTimes(sentence(text), now);
  return h(
    'div',
    { class: `notice notice-${severity}` },
    dot(TONE[severity]),
    h('span', { class: `notice-word text-${TONE[severity]}` }, WORD[severity]),
    href === undefined
      ? h('span', { class: 'notice-text' }, words)
      : h('a', { class: 'notice-text notice-link', href }, words),
    requests !== undefined && requests !== href && h('a', { class: 'link evidence', href: requests }, 'Its requests'),
    href !== undefined && h('span', { class: 'go', 'aria-hidden': 'true' }, '→'),
  );
}

/** Begins with a capital, unless it begins with the name of something. */
function sentence(text: string): string {
  return /^(?:the|none|consumer)\b/.test(text) ? text.charAt(0).toUpperCase() + text.slice(1) : text;
}
