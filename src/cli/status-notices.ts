import { wrap } from '../explain/wrap.ts';
import type { Paint } from '../lib/paint.ts';
import { withoutControls } from '../lib/printable.ts';
import { asCommands, recentCommand, takeCommands } from './as-commands.ts';
import type { Overview } from './overview.ts';

/** A command as it is typed here, for the gateway that was asked. */
export type AsTyped = (command: string) => string;

type Notice = Overview['notices'][number];

const NOTICES = 10;
const MARKS = { bad: 'x', warn: '!', info: '-' } as const;

/** What is wrong, each with the commands that help, in a line of their own and in one piece, so that they can be pasted. */
export function noticeLines({ notices, status }: Overview, paint: Paint, asTyped: AsTyped): string[] {
  if (notices.length === 0) return status === 'serving' ? [paint.good('nothing is wrong')] : [];
  const shown = notices.slice(0, NOTICES).flatMap((notice) => linesOf(notice, paint, asTyped));
  return [...shown, ...moreOf(notices.length - NOTICES, 'to be told')];
}

function linesOf({ severity, text: all, evidence }: Notice, paint: Paint, asTyped: AsTyped): string[] {
  const colour = { bad: paint.bad, warn: paint.warn, info: paint.dim }[severity];
  const { text, commands } = takeCommands(all);
  const shown = evidence === null || evidence === undefined ? undefined : recentCommand(evidence);
  return [
    ...wrap(`${MARKS[severity]} ${withoutControls(asCommands(text))}`, 2).map(colour),
    ...[...commands, ...(shown === undefined ? [] : [shown])].map(
      (command) => `    ${withoutControls(asTyped(command))}`,
    ),
  ];
}

export const moreOf = (count: number, what: string): string[] =>
  count > 0 ? [`  and ${count} ${what}: --json has all`] : [];
