import { findNearest } from '../nearest-word.ts';
import type { Report } from '../stage.ts';

const SHOWN_NAMES = 20;

/** Reports a name that nothing of its kind has; `kind` is a word such as "plan". */
export function checkName(
  kind: string,
  name: string | undefined,
  known: readonly string[],
  path: readonly (string | number)[],
  report: Report,
): void {
  if (name === undefined || known.includes(name)) return;
  const nearest = findNearest(name, known);
  const shown = known.slice(0, SHOWN_NAMES).join(', ');
  const others = shown === '' ? `the file has no ${kind}` : `there are: ${shown}`;
  report(
    path,
    `there is no ${kind} "${name}"`,
    nearest === undefined ? others : `did you mean "${nearest}"? ${others}`,
  );
}
