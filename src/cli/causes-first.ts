import type { RecentLine } from './recent-output.ts';

/** Codes that follow from others: what they follow from is told before them. */
const CONSEQUENCES = ['circuit_open', 'too_many_failures', 'banned', 'no_target'];

/**
 * One of each code first, what follows from others last of them: after a circuit has opened, or a caller is locked out, a
 * flood of one code says nothing of why. The others come after, the last one first as they are.
 */
export function causesFirst(lines: readonly RecentLine[], count: number): readonly RecentLine[] {
  const firsts = new Map<string, RecentLine>();
  for (const line of lines) {
    const kind = kindOf(line);
    if (!firsts.has(kind)) firsts.set(kind, line);
  }
  const chosen = [...firsts.values()].toSorted((a, b) => Number(isConsequence(a)) - Number(isConsequence(b)));
  const others = lines.filter((line) => firsts.get(kindOf(line)) !== line);
  return [...chosen, ...others].slice(0, count);
}

/** How many of each code there are, the most frequent first: `headers_timeout 25, circuit_open 25`. */
export function countKinds(lines: readonly RecentLine[]): string {
  const counts = new Map<string, number>();
  for (const line of lines) counts.set(kindOf(line), (counts.get(kindOf(line)) ?? 0) + 1);
  return [...counts]
    .toSorted(([, a], [, b]) => b - a)
    .map(([kind, count]) => `${kind} ${count}`)
    .join(', ');
}

const kindOf = ({ code, status, aborted }: RecentLine): string =>
  String(code ?? (aborted === undefined ? status : `ended by the ${String(aborted)}`));

const isConsequence = ({ code }: RecentLine): boolean => CONSEQUENCES.includes(String(code));
