import type { z } from 'zod';
import type { Report } from '../stage.ts';
import type { authorizeOption } from './authorization-rules.ts';

const SHOWN_NAMES = 20;

type Path = readonly (string | number)[];

/** Reports a name that nothing of its kind has; `kind` is a word such as "plan". */
export function checkName(
  kind: string,
  name: string | undefined,
  known: readonly string[],
  path: Path,
  report: Report,
) {
  if (name === undefined || known.includes(name)) return;
  const shown = known.slice(0, SHOWN_NAMES).join(', ');
  report(path, `there is no ${kind} "${name}"`, shown === '' ? `the file has no ${kind}` : `there are: ${shown}`);
}

/** Reports consumers in the rules of a route, and of its methods, that the file doesn't have. */
export function checkRuleConsumers(
  { consumers, methods = {} }: z.output<typeof authorizeOption>,
  known: readonly string[],
  path: Path,
  report: Report,
): void {
  const check = (names: readonly string[] = [], place: Path): void => {
    for (const [index, name] of names.entries())
      checkName('consumer', name, known, [...place, 'consumers', index], report);
  };
  check(consumers, path);
  for (const [method, rules] of Object.entries(methods)) check(rules.consumers, [...path, 'methods', method]);
}
