import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { ConfigError, type Fault } from '../config/config-error.ts';
import { loadDotEnv, parseSettings, readDotEnv } from '../config/env.ts';
import { loadRoutesInSteps } from '../config/load.ts';
import { warnOfRoutes } from '../config/route-warnings.ts';
import { warnOfSettings } from '../config/setting-warnings.ts';
import { findStrayNames } from '../config/stray-names.ts';
import { inSlices } from '../lib/steps.ts';
import { asTyped } from './as-typed.ts';
import { explainFault, UsageError } from './fault.ts';
import { type CliIo, EXIT } from './io.ts';
import { collectStartWarnings } from './start-warnings.ts';

const USAGE = `Usage:
  turnpike check [file] [--strict]

Checks the settings and the routes file (default: ROUTES_FILE, or routes.json) with
routes.d beside it, and says what start would warn of. It asks nobody.

  --strict   warnings fail too

Exit code: 0 all right, 1 warnings with --strict, 64 a wrong call, 78 faults.
`;

const OPTIONS = { strict: { type: 'boolean', default: false }, help: { type: 'boolean', short: 'h' } } as const;

/** `turnpike check`: one line when everything is right, else every fault and exit code 78; warnings beside either. */
export async function runCheck(argv: readonly string[], io: CliIo): Promise<number> {
  try {
    const { values, positionals } = parseArgs({ args: [...argv], options: OPTIONS, allowPositionals: true });
    if (values.help) {
      io.out(asTyped(USAGE, io.env));
      return EXIT.ok;
    }
    const [file, ...rest] = positionals;
    if (rest.length > 0) throw new UsageError('one file at a time');
    return await check(file, values.strict, io);
  } catch (error) {
    return explainFault('check', USAGE, error, io);
  }
}

async function check(file: string | undefined, isStrict: boolean, io: CliIo): Promise<number> {
  loadDotEnv(process.cwd());
  const routesFile = resolve(file ?? (io.env['ROUTES_FILE']?.trim() || 'routes.json'));
  // A misspelt name may be the reason of the fault: it is told in either case.
  const dotEnv = readDotEnv(process.cwd(), io.env);
  const stray = findStrayNames(io.env, routesFile, dotEnv);
  for (const warning of stray) io.err(`warning: ${warning}\n`);
  const [settings, loaded] = await readBoth(
    () => parseSettings(io.env, dotEnv),
    () => inSlices(loadRoutesInSteps(routesFile, { env: io.env })),
  );
  const { config, files, hidden } = loaded;
  const ofFile = [...warnOfRoutes(config.routes), ...warnOfSettings(config, settings)].map(hidden.hide);
  const others = [...ofFile, ...(await collectStartWarnings(settings, loaded))];
  for (const warning of others) io.err(`warning: ${warning}\n`);
  const warnings = stray.length + others.length;
  if (warnings > 0 && isStrict) {
    io.err(`${count(warnings, 'warning')}, and --strict takes none\n`);
    return EXIT.failed;
  }
  const found = `${count(config.routes.length, 'route')} in ${count(files.length, 'file')}`;
  io.out(`ok: ${found}${warnings > 0 ? `, ${count(warnings, 'warning')}` : ''}\n`);
  return EXIT.ok;
}

/** What both read, or the faults of both. */
async function readBoth<A, B>(readFirst: () => A, readSecond: () => Promise<B>): Promise<[A, B]> {
  const [first, second] = [await attempt(readFirst), await attempt(readSecond)];
  if ('value' in first && 'value' in second) return [first.value, second.value];
  throw new ConfigError([first, second].flatMap((each) => ('faults' in each ? each.faults : [])));
}

async function attempt<T>(
  read: () => T | Promise<T>,
): Promise<{ readonly value: T } | { readonly faults: readonly Fault[] }> {
  try {
    return { value: await read() };
  } catch (error) {
    if (error instanceof ConfigError) return { faults: error.faults };
    throw error;
  }
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
