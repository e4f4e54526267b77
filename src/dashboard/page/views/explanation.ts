import { type Child, h, type VNode } from '../dom.ts';
import type { Explanation } from '../explained.ts';
import { millis } from '../format.ts';
import { card, link, type Pairs, pairs } from '../parts.ts';
import { linkTo } from '../place.ts';
import { errorLink } from './error-link.ts';
import { stepList } from './steps.ts';

const LOST: Readonly<Record<string, string>> = {
  hosts: 'the host is another one',
  headers: 'a header field is missing or another one',
  pathRegex: 'the path does not match',
  exact: 'the path goes on behind it',
  methods: 'the method is another one',
};

const TONES = { passes: 'good', refused: 'bad', undecided: 'warn' } as const;

/** What would become of a request: the end first, then how it came to that. */
export function explanation(told: Explanation): VNode {
  return h(
    'div',
    { class: 'explanation stack' },
    verdict(told),
    h(
      'div',
      { class: 'columns' },
      card('What each stage decides', stepList(told.steps, told.detailForLog ?? told.detail), { key: 'steps' }),
      h(
        'div',
        { class: 'stack', key: 'beside' },
        card('How it was matched', matched(told), { key: 'match' }),
        callerCard(told),
        tokenCard(told),
      ),
    ),
    sendsCard(told),
  );
}

function verdict(told: Explanation): VNode {
  const { request, outcome } = told;
  const tone = TONES[outcome];
  const lines = verdictLines(told);
  return h(
    'section',
    { class: `card verdict verdict-${tone}`, key: 'verdict' },
    h(
      'h2',
      null,
      h('code', null, `${request.method} ${request.asked}`),
      ' ',
      h('span', { class: `text-${tone}` }, endOf(told)),
    ),
    outcome === 'refused' && h('p', { key: 'error' }, errorLink(told.code)),
    lines.length > 0 && pairs(lines),
  );
}

function endOf({ outcome, status, code, cache, target }: Explanation): string {
  if (outcome === 'refused') return `would be refused: ${status ?? ''} ${code ?? ''}`;
  if (outcome === 'undecided') return "can't be told without asking";
  if (status !== undefined) return `would be answered by the gateway itself: ${status}`;
  if (cache?.isGivenOut === true) return 'would be answered from the cache';
  return `would pass${target === undefined ? '' : ` to ${target}`}`;
}

function verdictLines({
  outcome,
  detail,
  detailForLog,
  advice,
  refusalHeaders = [],
  retryAfterSeconds,
  errors = [],
}: Explanation): Pairs {
  const list: [string, string | undefined][] = [
    ['The client is told', outcome === 'refused' ? detail : undefined],
    ['Not known', outcome === 'undecided' ? detail : undefined],
    ['Only the log says', detailForLog],
    ...errors.map((one): [string, string] => ['', Object.values(one).join(' ')]),
    ...refusalHeaders.map(([name, value]): [string, string] => [name, value]),
    ['Retry-After', retryAfterSeconds === undefined ? undefined : `${retryAfterSeconds} s`],
    ['To mend it', advice === detail ? undefined : advice],
  ];
  return list.filter(([, value]) => value !== undefined);
}

function matched({ request, route, considered, nearest }: Explanation): VNode {
  const lost = considered.filter((one) => one.lost !== null);
  const meant =
    nearest === undefined
      ? undefined
      : `${nearest.prefix}${nearest.wants === undefined ? '' : `, but for its ${nearest.wants}`}`;
  return pairs([
    ['Route', route === null ? 'none' : link(linkTo('routes', route), route)],
    ...(meant === undefined ? [] : [['Probably meant', meant] as const]),
    ...lost.map(({ route: name, prefix, lost: key }): Pairs[number] => [
      `Not ${name}`,
      `${prefix}: ${LOST[key ?? ''] ?? key}`,
    ]),
    ['Host', `${request.host} (${request.scheme})`],
    ['Path', h('code', null, request.path)],
    ['Client', request.clientAddress],
  ]);
}

function callerCard({ caller }: Explanation): Child {
  if (caller === undefined) return undefined;
  const list = Object.entries(caller).filter(([, value]) => !(Array.isArray(value) && value.length === 0));
  return card('Who calls', pairs(list.map(([name, value]): Pairs[number] => [name, [value].flat().join(', ')])), {
    key: 'caller',
  });
}

function tokenCard({ token = [] }: Explanation): Child {
  if (token.length === 0) return undefined;
  const rows = token.map(({ claim, value, isGood, says }) =>
    h(
      'li',
      { key: claim, class: `step step-${isGood ? 'passed' : 'refuses'}` },
      h('span', { class: 'step-name' }, claim),
      h(
        'span',
        { class: 'step-words' },
        h('code', null, value),
        h('span', { class: isGood ? 'muted' : 'text-bad' }, says),
      ),
    ),
  );
  return card('The token, as it was read', h('ul', { class: 'steps' }, rows), { key: 'token' });
}

function sendsCard({ sends, timeouts, retry, breaker, service }: Explanation): Child {
  if (sends === undefined) return undefined;
  const { method, url, headers, removed, added } = sends;
  const waits = Object.entries(timeouts ?? {}).map(([name, ms]) => `${name} ${ms === null ? 'off' : millis(ms)}`);
  const lines = headers.map(([name, value], index) => {
    const isAdded = added.includes(name.toLowerCase());
    return h(
      'li',
      { key: `${index} ${name}`, class: isAdded ? 'added' : '' },
      h('span', { class: 'mark', 'aria-hidden': 'true' }, isAdded ? '+' : ' '),
      h('span', null, isAdded && h('span', { class: 'unseen' }, 'added: '), `${name}: ${value}`),
    );
  });
  const gone = removed.map((name) =>
    h(
      'li',
      { key: `gone ${name}`, class: 'removed' },
      h('span', { class: 'mark', 'aria-hidden': 'true' }, '−'),
      h('span', null, h('span', { class: 'unseen' }, 'taken out: '), name),
    ),
  );
  return card(
    service === undefined ? 'What the service would get' : `What ${service} would get`,
    h(
      'div',
      { class: 'stack' },
      h('div', { class: 'sends' }, h('p', null, `${method} ${url}`), h('ul', null, lines, gone)),
      pairs([
        ...(waits.length > 0 ? [['Timeouts', waits.join(', ')] as const] : []),
        ...(retry?.['attempts'] === undefined ? [] : [['Attempts', String(retry['attempts'])] as const]),
        ...(breaker?.['state'] === undefined ? [] : [['Circuit', String(breaker['state'])] as const]),
      ]),
    ),
    { key: 'sends' },
  );
}
