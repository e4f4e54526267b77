import { type Child, h } from '../dom.ts';

/** To what the gateway tells of a code: what it means, and what to do. In a tab of its own: the page goes on. */
export function errorLink(code: string | undefined): Child {
  // Codes that this gateway does not have (of a service, or made up) lead nowhere.
  if (code === undefined || !/^[a-z_]+$/.test(code)) return undefined;
  return h(
    'a',
    { class: 'link', href: `errors/${code}`, target: '_blank', rel: 'noopener', key: `error ${code}` },
    h('span', { class: 'unseen' }, `${code}: `),
    'what it means ↗',
    h('span', { class: 'unseen' }, ' (in a new tab)'),
  );
}
