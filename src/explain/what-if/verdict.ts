import type { WhatIfReport } from './report.ts';

type Counts = Pick<WhatIfReport, 'passed' | 'newlyRefused'>;

/** Of what passes, how much the file would refuse: 0 to 1. */
export function refusedShare({ passed, newlyRefused }: Counts): number {
  return passed === 0 ? 0 : newlyRefused / passed;
}

export function isTooMuch(counts: Counts, max: number): boolean {
  return refusedShare(counts) > max;
}

/** A share as a person reads it, rounded up so that what is too much never looks like what is allowed. */
export function percent(share: number): string {
  return `${Math.ceil(share * 10_000) / 100}%`;
}

const SHOWN = 5;

/** Why a file is refused by the guard. */
export function explainGuard(report: WhatIfReport, max: number): string {
  const { newlyRefused, passed, groups } = report;
  const worst = groups.filter(({ what }) => what === 'refused').slice(0, SHOWN);
  const told = worst.map(({ count, who, says }) => `${count} of ${who} ${says}`);
  const share = percent(refusedShare(report));
  return `would refuse ${newlyRefused} of the last ${passed} requests that pass (${share}, at most ${percent(max)} may be): ${told.join('; ')}`;
}
