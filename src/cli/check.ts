import { resolve } from 'node:path';
import { ConfigError } from '../config/config-error.ts';
import { loadDotEnv, readDotEnv } from '../config/env.ts';
import { inShell } from '../lib/in-shell.ts';
import { withoutControls } from '../lib/printable.ts';
import type { Settings } from '../settings.ts';
import { asTyped } from './as-typed.ts';
import { settingsHere } from './ask-running.ts';
import { type Checked, checkFile } from './check-file.ts';
import { renderCheckJson, renderCheckText } from './check-output.ts';
import { UsageError } from './cli-faults.ts';
import { colourFor } from './colour.ts';
import { type CliIo, EXIT } from './io.ts';
import { otherFileInUse } from './other-file.ts';
import { perform } from './perform.ts';
import { withProgress } from './progress.ts';
import { CHECK } from './table/configuration.ts';

/** `turnpike check`: every fault and exit code 78, or that it is all right; and every finding beside either. */
export async function runCheck(argv: readonly string[], io: CliIo): Promise<number> {
  return perform(CHECK, argv, io, async ({ values, positionals }) => {
    const [file, ...rest] = positionals;
    if (rest.length > 0) throw new UsageError('one file at a time');
    return await check(file, values, io);
  });
}

async function check(
  file: string | undefined,
  { strict: isStrict, json: isJson }: { strict: boolean; json: boolean },
  io: CliIo,
): Promise<number> {
  loadDotEnv(process.cwd());
  const routesFile = resolve(file ?? (io.env['ROUTES_FILE']?.trim() || 'routes.json'));
  const checking = checkFile(routesFile, io.env, readDotEnv(process.cwd(), io.env));
  const checked = await withProgress(io, `checking ${routesFile}`, checking);
  const code = exitCodeOf(checked, isStrict);
  if (isJson) {
    await io.out(renderCheckJson(checked));
    return code;
  }
  const { out, err } = renderCheckText(checked, isStrict, { out: colourFor(io, 'out'), err: colourFor(io, 'err') });
  if (err !== '') io.err(err);
  if (out !== '') io.out(out);
  // Whoever names a file means that one.
  if (file === undefined) await warnOfOther(routesFile, io);
  return code;
}

/** A fault that the gateway tells of stands in its own file, and nobody finds it in another. */
async function warnOfOther(routesFile: string, io: CliIo): Promise<void> {
  const settings = settingsOf(io);
  const used = settings && (await otherFileInUse(settings, routesFile));
  if (used === undefined) return;
  const text = `the gateway that runs here uses another file: ${withoutControls(used)}; to check it: turnpike check ${inShell(used)}`;
  io.err(`${colourFor(io, 'err').warn('warning')}: ${asTyped(text, io.env)}\n`);
}

/** Settings with a fault have been told of. */
function settingsOf(io: CliIo): Settings | undefined {
  try {
    return settingsHere(io);
  } catch (error) {
    if (error instanceof ConfigError) return undefined;
    throw error;
  }
}

function exitCodeOf({ faults, findings }: Checked, isStrict: boolean): number {
  if (faults.length > 0) return EXIT.config;
  return isStrict && findings.some(({ severity }) => severity !== 'info') ? EXIT.failed : EXIT.ok;
}
