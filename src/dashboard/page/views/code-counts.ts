import type { Told } from '../app.ts';
import { type Child, h, type VNode } from '../dom.ts';
import { number } from '../format.ts';
import { dot, type Tone } from '../parts.ts';
import { linkTo } from '../place.ts';
import type { Overview, Recent } from '../shapes.ts';
import { toneOfCode } from './error-link.ts';

/** So many of each code the gateway keeps. */
const KEPT = 25;
/** What the tallies of the last minute can be told by, beside the code itself. */
const TALLIED = new Set(['route', 'service', 'code', 'words']);

interface Count {
  readonly code: string;
  readonly inMinute: number;
  readonly kept: number;
}

/** How often each code was said: a flood of one does not hide the others. A click narrows the list to one. */
export function codeCounts(told: Told, list: readonly Recent[]): Child {
  const { query } = told.state.place;
  const counts = countAll(told, list);
  if (counts.length === 0) return undefined;
  return h(
    'ul',
    { class: 'codes', key: 'codes', 'aria-label': 'How often each was said: in the last minute, or earlier' },
    counts.map((count) => entry(count, query, toneOfCode(told.state, count.code))),
  );
}

function entry({ code, inMinute, kept }: Count, query: Readonly<Record<string, string>>, tone: Tone): VNode {
  const isChosen = query['code'] === code;
  const href = linkTo('requests', undefined, { ...query, code: isChosen ? '' : code });
  const some = kept >= KEPT ? `${KEPT}+` : number(kept);
  return h(
    'li',
    { key: code },
    h(
      'a',
      { class: 'code-count', href, 'aria-current': isChosen ? 'true' : undefined },
      dot(tone),
      code,
      inMinute > 0 && h('b', { class: 'num' }, `${number(inMinute)}/min`),
      inMinute === 0 && kept > 0 && h('span', { class: 'muted num' }, `${some} kept`),
    ),
  );
}

function countAll({ state, overview }: Told, list: readonly Recent[]): readonly Count[] {
  const { query } = state.place;
  const narrowedBy = Object.keys(query).filter((name) => query[name] !== '');
  const inMinute = narrowedBy.every((name) => TALLIED.has(name)) ? countMinute(overview, query) : new Map();
  const kept = new Map<string, number>();
  for (const { code } of list) if (code !== undefined) kept.set(code, (kept.get(code) ?? 0) + 1);
  // The list of one code does not have the others.
  const others = narrowedBy.length === 0 || query['code'] ? (state.seen.get('code') ?? []) : [];
  return [...new Set([...inMinute.keys(), ...kept.keys(), ...others])]
    .map((code) => ({ code, inMinute: inMinute.get(code) ?? 0, kept: kept.get(code) ?? 0 }))
    .sort((a, b) => b.inMinute - a.inMinute || b.kept - a.kept || a.code.localeCompare(b.code));
}

function countMinute({ routes }: Overview, query: Readonly<Record<string, string>>): Map<string, number> {
  const wanted = routes.filter(
    ({ name, service }) => (query['route'] || name) === name && (query['service'] || service) === service,
  );
  const counts = new Map<string, number>();
  for (const [code, count] of wanted.flatMap(({ refusals }) => Object.entries(refusals))) {
    counts.set(code, (counts.get(code) ?? 0) + count);
  }
  return counts;
}
