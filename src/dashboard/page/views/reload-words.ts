import { type Child, h, type VNode } from '../dom.ts';
import type { Fault, Reload } from '../shapes.ts';

/** What a reload has changed, or why it was refused. */
export function reloadWords({
  result,
  changes,
  faults,
  left = 0,
}: Pick<Reload, 'result' | 'changes' | 'faults' | 'left'>): VNode {
  const more = left > 0 && h('li', { class: 'muted' }, `and ${left} more`);
  if (result === 'unchanged') return h('p', null, 'Nothing is different from what is in force.');
  if (result === 'refused') {
    return h(
      'div',
      { class: 'stack' },
      h('p', { class: 'text-bad' }, 'Refused: the old configuration stays in force.'),
      h('ul', { class: 'faults' }, faults.map(faultEntry), more),
    );
  }
  if (changes.length === 0) return h('p', null, 'In force, with no change to tell of.');
  return h(
    'ul',
    { class: 'changes' },
    changes.map((change) => h('li', null, change)),
    more,
  );
}

function faultEntry(fault: Fault): Child {
  const { message, hint } = fault;
  const place = placeOf(fault);
  return h(
    'li',
    null,
    place !== '' && h('code', { class: 'place' }, place),
    h('p', null, message),
    hint !== undefined && hint !== '' && h('p', { class: 'muted' }, hint),
  );
}

function placeOf({ place, file, line, column, path }: Fault): string {
  if (place !== undefined) return place;
  if (file === undefined || file === '') return path ?? '';
  const name = file.split('/').at(-1) ?? file;
  return line === undefined || line === 0 ? name : `${name}:${line}:${column ?? 1}`;
}
