import type { Step } from '../explain/explanation.ts';
import { stepLines } from '../explain/render.ts';
import { wrap } from '../explain/wrap.ts';
import type { Paint } from '../lib/paint.ts';
import { withoutControls } from '../lib/printable.ts';

/** One of `GET /recent`: its line of the log, and what its stages decided. */
export type RecentLine = Readonly<Record<string, unknown>> & { readonly steps?: readonly Step[] };

const FACTS: readonly (readonly [field: string, word: string])[] = [
  ['route', 'route'],
  ['consumer', 'consumer'],
  ['keyOwner', 'expired key of'],
  ['keyId', 'key'],
  ['service', 'service'],
  ['clientAddress', 'from'],
  ['totalMs', 'ms'],
  ['requestId', 'id'],
];

/** Refused and failed requests, the last one first, in lines of 80 columns. */
export function renderRecent(lines: readonly RecentLine[], paint: Paint): string {
  return lines.map((line) => `${renderOne(line, paint).join('\n')}\n`).join('\n');
}

function renderOne(line: RecentLine, paint: Paint): string[] {
  const { time, status, code, method, path, aborted } = line;
  const what = [status, code ?? (aborted === undefined ? '' : `ended by the ${String(aborted)}`)].join(' ').trim();
  const head = wrap(withoutControls(`${clockOf(time)}  ${what}  ${String(method)} ${String(path)}`), 2);
  const facts = FACTS.filter(([field]) => line[field] !== undefined);
  const told = facts.map(([field, word]) => `${word} ${String(line[field])}`).join(', ');
  const colour = Number(status) >= 500 ? paint.bad : paint.warn;
  return [
    ...head.map((text) => paint.bold(colour(text))),
    ...wrap(withoutControls(`  ${told}`), 4).map(paint.dim),
    ...(line.steps ?? []).filter(isTelling).flatMap((step) => stepLines(cleaned(step), {}, paint)),
    ...afterwards(line),
  ];
}

/** A stage that had nothing to say, or that was never reached, is left out. */
function isTelling({ decisions, refuses }: Step): boolean {
  return refuses || (decisions !== null && decisions.length > 0);
}

function cleaned({ decisions, ...step }: Step): Step {
  return { ...step, decisions: decisions?.map(withoutControls) ?? null };
}

/** What went wrong where no stage refused: the cause, or who broke off. */
function afterwards({ steps = [], detail, cause, aborted }: RecentLine): string[] {
  if (steps.some(({ refuses }) => refuses)) return [];
  const words = [detail, cause, aborted && `ended by the ${String(aborted)}`].filter(Boolean).map(String);
  return words.length === 0 ? [] : wrap(withoutControls(`    ${words.join(' — ')}`), 4);
}

const clockOf = (time: unknown): string =>
  String(time ?? '')
    .slice(0, 19)
    .replace('T', ' ');
