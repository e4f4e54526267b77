import { ERRORS } from '../errors.ts';
import { askRunning, pathWith, settingsHere } from './ask-running.ts';
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
    const path = pathWith('/recent', { count, route, code, status, consumer, service, requestId });
    const lines = await askRunning(io, settingsHere(io), { method: 'GET', path, origin: admin });
    if (!Array.isArray(lines)) throw new AdminFault('the gateway does not say what it has refused');
    if (values.json) return print(io, `${JSON.stringify(lines, null, 2)}\n`);
    if (lines.length === 0) throw new CliFault('no such request was refused or has failed since the start');
    return print(io, renderRecent(lines as readonly RecentLine[], colourFor(io, 'out')));
  });
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
