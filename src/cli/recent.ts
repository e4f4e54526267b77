import { ERRORS } from '../errors.ts';
import { wrap } from '../explain/wrap.ts';
import { withoutControls } from '../lib/printable.ts';
import { askRunning, pathWith, settingsHere } from './ask-running.ts';
import { causesFirst, countKinds } from './causes-first.ts';
import { AdminFault, CliFault, UsageError } from './cli-faults.ts';
import { colourFor } from './colour.ts';
import { didYouMean } from './did-you-mean.ts';
import { type CliIo, print } from './io.ts';
import { perform } from './perform.ts';
import { type RecentLine, renderRecent } from './recent-output.ts';
import { RECENT } from './table/operating.ts';

const MAX_COUNT = 1000;

/** `turnpike recent`: the last refused and failed requests, and why. Resolves to the exit code. */
export async function runRecent(argv: readonly string[], io: CliIo): Promise<number> {
  return perform(RECENT, argv, io, async ({ values }) => {
    const { route, code, status, consumer, service, id: requestId, count, admin } = values;
    checkWishes(count, status, code);
    // Of one route, service or consumer the causes are wanted, which a flood of what follows from them may hide.
    const isSorted = !values.json && [route, service, consumer].some(Boolean) && ![code, requestId].some(Boolean);
    const asked = isSorted ? String(MAX_COUNT) : count;
    const path = pathWith('/recent', { count: asked, route, code, status, consumer, service, requestId });
    const lines = await askRunning(io, settingsHere(io), { method: 'GET', path, origin: admin });
    if (!Array.isArray(lines)) throw new AdminFault('the gateway does not say what it has refused');
    if (values.json) return print(io, `${JSON.stringify(lines, null, 2)}\n`);
    if (lines.length === 0) throw new CliFault('no such request was refused or has failed since the start');
    return print(io, render(lines as readonly RecentLine[], isSorted ? Number(count) : undefined, io));
  });
}

/** @param most how many of them, one of each code first; undefined: as they are. */
function render(lines: readonly RecentLine[], most: number | undefined, io: CliIo): string {
  const paint = colourFor(io, 'out');
  if (most === undefined) return renderRecent(lines, paint);
  const shown = causesFirst(lines, most);
  const kept = wrap(withoutControls(`${lines.length} are kept: ${countKinds(lines)}; one of each first`), 2);
  return `${renderRecent(shown, paint)}\n${kept.map(paint.dim).join('\n')}\n`;
}

/** Before the gateway is asked: what nobody could have is a wrong call. */
function checkWishes(count: string, status: string | undefined, code: string | undefined): void {
  if (!/^\d{1,4}$/.test(count) || Number(count) < 1 || Number(count) > MAX_COUNT)
    throw new UsageError(`--count takes a number from 1 to ${MAX_COUNT}`);
  if (status !== undefined && !/^[1-5](?:\d\d|xx)$/.test(status))
    throw new UsageError('--status takes a status, 503 for one, or 5xx');
  if (code !== undefined && !Object.hasOwn(ERRORS, code))
    throw new UsageError(`there is no code "${code}"${didYouMean(code, Object.keys(ERRORS))}`);
}
