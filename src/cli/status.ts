import { inShell } from '../lib/in-shell.ts';
import type { Settings } from '../settings.ts';
import { asTyped } from './as-typed.ts';
import { askRunning, settingsHere } from './ask-running.ts';
import { AdminFault, AdminRefusal, CliFault } from './cli-faults.ts';
import { colourFor, isColoured } from './colour.ts';
import { type CliIo, EXIT } from './io.ts';
import { isDegraded, parseOverview } from './overview.ts';
import { perform } from './perform.ts';
import { renderStatus } from './status-output.ts';
import { STATUS } from './table/operating.ts';

const AGAIN_MS = 2000;
/** All of the screen, from its upper left corner on (ECMA-48, sections 8.3.21 and 8.3.39). */
const CLEAR = '\u001b[H\u001b[2J';

interface Shown {
  readonly admin: string | undefined;
  readonly json: boolean;
}

/** `turnpike status`: how the gateway is. Resolves to the exit code, 1 where it is degraded. */
export async function runStatus(argv: readonly string[], io: CliIo): Promise<number> {
  return perform(STATUS, argv, io, async ({ values: { watch, json, admin } }) => {
    const settings = settingsHere(io);
    return watch ? goOn(io, settings, { json, admin }) : show(io, settings, { json, admin });
  });
}

async function show(io: CliIo, settings: Settings, { admin, json }: Shown, before = ''): Promise<number> {
  const answer = await ask(io, settings, admin);
  const overview = parseOverview(answer);
  const text = json
    ? `${JSON.stringify(answer, null, 2)}\n`
    : renderStatus(overview, colourFor(io, 'out'), typing(io, admin));
  if ((await io.out(before + text)) === false) throw new CliFault('nobody reads it any more');
  return isDegraded(overview) ? EXIT.failed : EXIT.ok;
}

/** What asks the gateway must ask the same one. */
function typing(io: CliIo, admin: string | undefined): (command: string) => string {
  return (command) => {
    const isForAdmin = admin !== undefined && !command.startsWith('turnpike key ');
    return asTyped(isForAdmin ? `${command} --admin ${inShell(admin)}` : command, io.env);
  };
}

async function ask(io: CliIo, settings: Settings, origin: string | undefined): Promise<unknown> {
  try {
    return await askRunning(io, settings, { method: 'GET', path: '/overview', origin });
  } catch (error) {
    if (!(error instanceof AdminRefusal) || error.status !== 404) throw error;
    throw new CliFault('this gateway has no overview: it is older than this command', 'failed', { cause: error });
  }
}

/** Again and again, also while nobody answers: a gateway that comes back is what is waited for. */
async function goOn(io: CliIo, settings: Settings, shown: Shown): Promise<number> {
  const before = io.isTerminal?.out === true && !shown.json ? CLEAR : '';
  const pause = io.pause ?? ((ms: number) => new Promise<boolean>((resolve) => setTimeout(resolve, ms, true)));
  let last: number;
  do {
    last = await show(io, settings, shown, before).catch((error: unknown) => {
      if (!(error instanceof AdminFault)) throw error;
      io.err(`${isColoured(io, 'err') ? colourFor(io, 'err').bad(error.message) : error.message}\n`);
      return EXIT.unavailable;
    });
  } while (await pause(AGAIN_MS));
  return last;
}
