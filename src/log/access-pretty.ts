import type { HiddenValues } from '../lib/hidden-values.ts';
import { isoTime } from '../lib/iso-time.ts';
import { withoutControls } from '../lib/printable.ts';
import { detailOf, labelOf, loggedPath } from './access-line.ts';
import type { AccessRecord } from './access-record.ts';

/** The width of a terminal that nobody has made wider. */
const COLUMNS = 80;
const METHOD_COLUMNS = 8;
/** What is said at the end gets this much, however long the path is. */
const END_COLUMNS = 30;

const RESET = '\u001b[0m';
/** By the first digit of the status. */
const COLOURS: Readonly<Record<string, string>> = {
  1: '\u001b[36m',
  2: '\u001b[32m',
  3: '\u001b[36m',
  4: '\u001b[33m',
  5: '\u001b[31m',
};

/** One line for the eye, on a terminal: what was asked and what came of it, and the reason where it did not go well. */
export function renderAccessPretty(record: AccessRecord, hidden?: HiddenValues): string {
  const { context, totalMs } = record;
  const status = String(record.status);
  const start = `${isoTime(record.endedAtMs).slice(11, 23)} `;
  const method = cut(withoutControls(context.method), METHOD_COLUMNS).padEnd(4);
  const tookMs = `${totalMs.toFixed(1)}ms`;
  const end = withoutControls(endOf(record, hidden));
  const room = COLUMNS - start.length - status.length - method.length - tookMs.length - 4;
  const endRoom = end === '' ? 0 : Math.min(end.length, END_COLUMNS) + 2;
  const path = cut(withoutControls(loggedPath(context, hidden)), room - endRoom);
  const told = end === '' ? '' : `  ${cut(end, room - path.length - 2)}`;
  return `${start}${COLOURS[status.charAt(0)] ?? ''}${status}${RESET} ${method} ${path}  ${tookMs}${told}`;
}

/** The reason of what went wrong; else who called, and who answered. */
function endOf(record: AccessRecord, hidden?: HiddenValues): string {
  const { context, aborted } = record;
  const code = context.errorCode ?? (aborted === undefined ? undefined : `aborted by ${aborted}`);
  if (code !== undefined) {
    const detail = detailOf(record, hidden);
    if (detail !== undefined) return `${code}: ${detail}`;
    const { prefix, wants } = context.nearestRoute?.() ?? {};
    if (prefix === undefined) return code;
    const nearest = `${code}, nearest is ${labelOf(prefix, hidden)}`;
    return wants === undefined ? nearest : `${nearest} but for its "${wants}"`;
  }
  const who = labelOf(context.consumer?.name, hidden) ?? context.subject ?? '';
  return [who, context.target === undefined ? '' : `-> ${labelOf(context.target, hidden)}`]
    .filter((part) => part !== '')
    .join(' ');
}

function cut(text: string, columns: number): string {
  return text.length <= columns ? text : `${text.slice(0, Math.max(0, columns - 1))}…`;
}
