import { lineAndColumn } from '../config/source.ts';
import { FINDINGS, type FindingId, type FindingRow, isFindingId } from '../findings.ts';
import { findNearest } from '../nearest-word.ts';
import type { Ignore } from './ignores.ts';
import { type Finding, type LocatedFinding, lineKey } from './locate.ts';

/** A finding that somebody has silenced, and why. */
export type Silenced = Finding & { readonly reason: string };

/** What is left to be said, and what is not. */
export interface Heard {
  readonly findings: readonly Finding[];
  readonly silenced: readonly Silenced[];
}

/**
 * Takes out what comments silence, and adds what is to be said of those comments themselves. Where faults have kept some
 * of the rules from looking (`isPartial`), nobody knows which comments silence nothing.
 */
export function silence(found: readonly LocatedFinding[], ignores: readonly Ignore[], isPartial: boolean): Heard {
  const used = new Set<string>();
  const findings: LocatedFinding[] = [];
  const silenced: Silenced[] = [];
  for (const each of found) {
    const fitting = ignores.filter((ignore) => fits(ignore, each));
    for (const ignore of fitting) used.add(useKey(ignore, each.finding.id));
    const [ignore] = fitting;
    if (ignore === undefined) findings.push(each);
    else silenced.push({ ...each.finding, reason: ignore.reason });
  }
  const heard = new Set(findings.map(({ finding }) => finding.id));
  const mayBeIdle = (id: FindingId): boolean => isPartial || (isBySettings(id) && !heard.has(id));
  const ofComments = ignores.flatMap((ignore) => judge(ignore, used, mayBeIdle));
  return { findings: [...unite(findings), ...ofComments], silenced };
}

function fits({ source, line, ids }: Ignore, { finding, lines }: LocatedFinding): boolean {
  return ids.includes(finding.id) && lines.has(lineKey(source.name, line));
}

const useKey = ({ source, offset }: Ignore, id: string): string => `${source.name}:${offset} ${id}`;

function judge(ignore: Ignore, used: ReadonlySet<string>, mayBeIdle: (id: FindingId) => boolean): readonly Finding[] {
  const { ids, reason } = ignore;
  const unknown = ids.filter((id) => !isFindingId(id));
  const idle = ids.filter((id) => isFindingId(id) && !mayBeIdle(id) && !used.has(useKey(ignore, id)));
  return [
    ...(reason === '' ? [say(ignore, 'ignore-without-reason', 'this comment does not say why')] : []),
    ...(ids.length === 0 ? [say(ignore, 'ignore-unused', 'this comment names no finding')] : []),
    ...unknown.map((id) => say(ignore, 'ignore-unused', `there is no finding "${id}"${suggest(id)}`)),
    ...idle.map((id) => say(ignore, 'ignore-unused', `"${id}" is not found here`)),
  ];
}

function suggest(id: string): string {
  const meant = findNearest(id, Object.keys(FINDINGS));
  return meant === undefined ? '' : `: did you mean "${meant}"?`;
}

/** Whether another machine, with other settings, may find what is not found here. */
function isBySettings(id: FindingId): boolean {
  const row: FindingRow = FINDINGS[id];
  return row.bySettings === true;
}

function say({ source, offset }: Ignore, id: FindingId, message: string): Finding {
  const { severity, fix } = FINDINGS[id];
  const place = { file: source.name, ...lineAndColumn({ source, offset, pointer: '' }), path: '' };
  return { id, severity, ...place, message, fix: fix.replaceAll('`', '') };
}

/** What a default says is found on every route that has it: it is told once. */
function unite(found: readonly LocatedFinding[]): readonly Finding[] {
  const byPlace = new Map<string, { readonly finding: Finding; more: number }>();
  for (const { finding } of found) {
    const { id, file, line, column, path } = finding;
    // Without a place the words alone tell one from another.
    const key = line > 0 ? `${id} ${file}:${line}:${column} ${path}` : `${id} ${path} ${finding.message}`;
    const same = byPlace.get(key);
    if (same === undefined) byPlace.set(key, { finding, more: 0 });
    else same.more += 1;
  }
  return [...byPlace.values()].map(({ finding, more }) =>
    more === 0 ? finding : { ...finding, message: `${finding.message} (and ${more} more of what has it from here)` },
  );
}
