import type { PartOptions } from './options.ts';

type Parts = ReadonlyMap<string, Pick<PartOptions, 'after'>>;

/** The parts that come before one, those that they come after among them. */
export function needsOf(name: string, parts: Parts): ReadonlySet<string> {
  const needs = new Set<string>();
  const open = [...(parts.get(name)?.after ?? [])];
  for (let before = open.pop(); before !== undefined; before = open.pop()) {
    if (needs.has(before)) continue;
    needs.add(before);
    open.push(...(parts.get(before)?.after ?? []));
  }
  return needs;
}

/** The shortest way from a part back to itself, by what it comes after; undefined where there is none. */
export function circleFrom(name: string, parts: Parts): readonly string[] | undefined {
  const cameFrom = new Map<string, string>();
  const open = [name];
  for (let at = open.shift(); at !== undefined; at = open.shift()) {
    for (const before of parts.get(at)?.after ?? []) {
      if (before === name) return [...wayTo(at, name, cameFrom), name];
      if (cameFrom.has(before)) continue;
      cameFrom.set(before, at);
      open.push(before);
    }
  }
  return undefined;
}

function wayTo(end: string, start: string, cameFrom: ReadonlyMap<string, string>): readonly string[] {
  const way = [end];
  for (let at = end; at !== start; ) {
    at = cameFrom.get(at) ?? start;
    way.unshift(at);
  }
  return way;
}
