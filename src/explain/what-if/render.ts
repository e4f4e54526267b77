import { type Paint, PLAIN } from '../../lib/paint.ts';
import { withoutControls } from '../../lib/printable.ts';
import { wrap } from '../wrap.ts';
import type { What } from './compare.ts';
import type { Group, WhatIfReport } from './report.ts';
import { isTooMuch, percent, refusedShare } from './verdict.ts';

/** Examples of a group. */
const SHOWN = 3;

const TITLES: Readonly<Record<What, string>> = {
  refused: 'Would be refused:',
  'refused otherwise': 'Would be refused otherwise:',
  'let in': 'Would be let in:',
  answered: 'Would be answered by another:',
  routed: 'Would go elsewhere:',
  told: 'The service would be told otherwise:',
  configured: 'Would pass, by other words of the file:',
  undecided: 'Undecided:',
};

const titles: ReadonlySet<string> = new Set(Object.values(TITLES));

/** How a report is shown. */
interface Look {
  /** More newly refused than this is bad. */
  readonly max?: number;
  readonly paint?: Paint;
}

/** A report for a person, in lines of 80 columns. */
export function renderWhatIf(report: WhatIfReport, { max = 0, paint = PLAIN }: Look = {}): string {
  const { requests, kinds, from, to, isThinned, unchanged } = report;
  if (requests === 0) return 'No request has come yet: there is nothing to try the file on.\n';
  const thinned = isThinned ? ', a share of all that came' : '';
  const lines = [...wrap(`The last ${requests} requests (${kinds} different ones${thinned})`), `${from} to ${to}`, ''];
  let before: What | undefined;
  for (const group of report.groups) {
    if (group.what !== before) lines.push(TITLES[group.what]);
    before = group.what;
    lines.push(...groupLines(group));
  }
  if (report.groups.length > 0) lines.push('');
  const share = percent(refusedShare(report));
  lines.push(
    ...wrap(`${unchanged} would end as they do. Newly refused: ${report.newlyRefused} of ${report.passed} (${share}).`),
  );
  if (report.undecided > 0) lines.push(...wrap(`${report.undecided} can't be decided from what is kept of them.`));
  const verdict = isTooMuch(report, max) ? paint.bad : paint.good;
  const colour = (line: string): string => {
    if (/^\d+ would end as they do/.test(line)) return verdict(line);
    return titles.has(line) ? paint.bold(line) : line;
  };
  return `${lines.map(withoutControls).map(colour).join('\n')}\n`;
}

function groupLines({ count, who, says, examples }: Group): string[] {
  const calls = count === 1 ? 'call' : 'calls';
  return [
    ...wrap(`  ${count} ${calls} of ${who}: ${says}`, 4),
    ...examples.slice(0, SHOWN).flatMap((one) => wrap(`      ${one}`, 8)),
  ];
}
