import { ConfigError } from '../config/config-error.ts';
import { printableLines, withoutControls } from '../lib/printable.ts';
import type { ReloadResult } from '../server/reload.ts';
import { askRunning, settingsHere } from './ask-running.ts';
import { AdminRefusal, CliFault } from './cli-faults.ts';
import { colourFor } from './colour.ts';
import { explainFault } from './fault.ts';
import { type CliIo, EXIT, print } from './io.ts';
import { perform } from './perform.ts';
import { RELOAD } from './table/operating.ts';

/** `turnpike reload`: has the gateway read its files again. Resolves to the exit code. */
export async function runReload(argv: readonly string[], io: CliIo): Promise<number> {
  return perform(RELOAD, argv, io, async ({ values: { force, admin, json } }) => {
    const outcome = await ask(io, force, admin);
    if (json) {
      await io.out(`${JSON.stringify(outcome, null, 2)}\n`);
      return outcome.result === 'refused' ? EXIT.config : EXIT.ok;
    }
    if (outcome.result === 'refused') {
      io.err(`${colourFor(io, 'err').bad('refused')}: the configuration of before stays in force\n`);
      return explainFault(RELOAD, new ConfigError(outcome.faults), io);
    }
    const { good } = colourFor(io, 'out');
    if (outcome.result === 'unchanged') return print(io, `${good('unchanged')}: nothing is different\n`);
    const changes = outcome.changes.map((change) => `  ${printableLines(change)}\n`).join('');
    return print(io, `${good('applied')}\n${changes}`);
  });
}

async function ask(io: CliIo, isForced: boolean, origin: string | undefined): Promise<ReloadResult> {
  try {
    const path = isForced ? '/reload?force=true' : '/reload';
    return checked(await askRunning(io, settingsHere(io), { method: 'POST', path, origin }));
  } catch (error) {
    if (!(error instanceof AdminRefusal) || error.status !== 422) throw error;
    return checked(error.body);
  }
}

function checked(answer: unknown): ReloadResult {
  const { result } = (answer ?? {}) as Partial<ReloadResult>;
  if (result !== undefined) return answer as ReloadResult;
  throw new CliFault(`the gateway does not say what came of it: ${withoutControls(JSON.stringify(answer))}`);
}
