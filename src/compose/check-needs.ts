import { findNearest } from '../nearest-word.ts';
import { circleFrom, needsOf } from './circles.ts';
import type { PartOptions } from './options.ts';

/** Reports a fault at a key of one part. */
export type ReportPart = (key: keyof PartOptions, message: string, hint?: string) => void;

type Parts = ReadonlyMap<string, PartOptions>;

/** Reports what one part needs of others and can't have: parts that are not there, or that wait for it. */
export function checkNeeds(name: string, part: PartOptions, parts: Parts, report: ReportPart): void {
  for (const before of new Set(part.after)) checkBefore(name, part, before, parts, report);
  const circle = circleFrom(name, parts);
  if (circle === undefined) {
    checkReferences(name, part, parts, report);
    return;
  }
  report('after', `waits for itself: ${circle.map((one) => `"${one}"`).join(' -> ')}`, 'let one of them go first');
}

function checkBefore(name: string, part: PartOptions, before: string, parts: Parts, report: ReportPart): void {
  const needed = parts.get(before);
  if (needed === undefined) {
    report('after', `there is no part "${before}"`, didYouMean(before, parts));
  } else if (needed.optional && !part.optional) {
    const hint = `let "${name}" be optional too, or leave "optional" out of "${before}"`;
    report('after', `needs "${before}", which may be missing, and may not be missing itself`, hint);
  }
}

function checkReferences(name: string, { route }: PartOptions, parts: Parts, report: ReportPart): void {
  const needs = needsOf(name, parts);
  for (const { parts: used, text } of route.references) {
    for (const needed of used.filter((one) => !needs.has(one))) {
      const place = `uses \${${text}}`;
      if (parts.has(needed))
        report('route', `${place}, and does not come after "${needed}"`, `say "after": "${needed}"`);
      else report('route', `${place}, and there is no part "${needed}"`, didYouMean(needed, parts));
    }
  }
}

function didYouMean(name: string, parts: Parts): string | undefined {
  const nearest = findNearest(name, [...parts.keys()]);
  return nearest === undefined ? undefined : `did you mean "${nearest}"?`;
}
