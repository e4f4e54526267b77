import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { loadDotEnv, readDotEnv } from '../config/env.ts';
import { asTyped } from './as-typed.ts';
import { type Checked, checkFile } from './check-file.ts';
import { renderCheckJson, renderCheckText } from './check-output.ts';
import { explainFault, UsageError } from './fault.ts';
import { type CliIo, EXIT } from './io.ts';

const USAGE = `Usage:
  turnpike check [file] [--strict] [--json]

Checks the settings and the routes file (default: ROUTES_FILE, or routes.json) with
routes.d beside it: faults first, which keep it from being used, then what is most
likely not meant, each finding with its id. It asks nobody. A comment in the file
silences one: // turnpike-ignore ID: why

  --strict   errors and warnings fail too
  --json     one JSON document with all faults, findings, and what is silenced

Exit code: 0 it can be used, 1 errors or warnings with --strict, 64 a wrong call,
78 faults.
`;

const OPTIONS = {
  strict: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h' },
} as const;

/** `turnpike check`: every fault and exit code 78, or that it is all right; and every finding beside either. */
export async function runCheck(argv: readonly string[], io: CliIo): Promise<number> {
  try {
    const { values, positionals } = parseArgs({ args: [...argv], options: OPTIONS, allowPositionals: true });
    if (values.help) {
      io.out(asTyped(USAGE, io.env));
      return EXIT.ok;
    }
    const [file, ...rest] = positionals;
    if (rest.length > 0) throw new UsageError('one file at a time');
    return await check(file, values, io);
  } catch (error) {
    return explainFault('check', USAGE, error, io);
  }
}

async function check(
  file: string | undefined,
  { strict: isStrict, json: isJson }: { strict: boolean; json: boolean },
  io: CliIo,
): Promise<number> {
  loadDotEnv(process.cwd());
  const routesFile = resolve(file ?? (io.env['ROUTES_FILE']?.trim() || 'routes.json'));
  const checked = await checkFile(routesFile, io.env, readDotEnv(process.cwd(), io.env));
  const code = exitCodeOf(checked, isStrict);
  if (isJson) {
    await io.out(renderCheckJson(checked));
    return code;
  }
  const { out, err } = renderCheckText(checked, isStrict);
  if (err !== '') io.err(err);
  if (out !== '') io.out(out);
  return code;
}

function exitCodeOf({ faults, findings }: Checked, isStrict: boolean): number {
  if (faults.length > 0) return EXIT.config;
  return isStrict && findings.some(({ severity }) => severity !== 'info') ? EXIT.failed : EXIT.ok;
}
