import type { State } from '../app.ts';
import { type Child, h } from '../dom.ts';
import type { Tone } from '../parts.ts';

const OF_SERVERS = /^(?:upstream_\w+|circuit_open|no_target|connect_timeout|headers_timeout|internal|overloaded)$/;

/** Red where it is the fault of this side; by the status that it was seen with, or by its name. */
export function toneOfCode({ statuses }: Pick<State, 'statuses'>, code: string): Tone {
  const status = statuses.get(code);
  return (status === undefined ? OF_SERVERS.test(code) : status >= 500) ? 'bad' : 'warn';
}

/** To what the gateway tells of a code: what it means, and what to do. In a tab of its own: the page goes on. */
export function errorLink(code: string | undefined): Child {
  // Codes that this gateway does not have (of a service, or made up) lead nowhere.
  if (code === undefined || !/^[a-z_]+$/.test(code)) return undefined;
  return h(
    'a',
    { class: 'link', href: `errors/${code}`, target: '_blank', rel: 'noopener', key: `error ${code}` },
    h('span', { class: 'unseen' }, `${code}: `),
    'What it means ↗',
    h('span', { class: 'unseen' }, ' (in a new tab)'),
  );
}
