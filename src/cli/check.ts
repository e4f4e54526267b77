import { resolve } from 'node:path';
import { loadDotEnv, readDotEnv } from '../config/env.ts';
import { type Checked, checkFile } from './check-file.ts';
import { renderCheckJson, renderCheckText } from './check-output.ts';
import { UsageError } from './cli-faults.ts';
import { colourFor } from './colour.ts';
import { type CliIo, EXIT } from './io.ts';
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
  return code;
}

function exitCodeOf({ faults, findings }: Checked, isStrict: boolean): number {
  if (faults.length > 0) return EXIT.config;
  return isStrict && findings.some(({ severity }) => severity !== 'info') ? EXIT.failed : EXIT.ok;
}
