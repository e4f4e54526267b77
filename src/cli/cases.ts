import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { renderCaseSchema } from '../cases/case-file.ts';
import { readCases } from '../cases/read-cases.ts';
import { type RecentLine, recordCases } from '../cases/record-cases.ts';
import { renderJunit, renderResults } from '../cases/report.ts';
import { type FileResult, runCases } from '../cases/run-cases.ts';
import { ConfigError } from '../config/config-error.ts';
import { loadDotEnv, parseSettings } from '../config/env.ts';
import { systemClock } from '../lib/clock.ts';
import { printableJson } from '../lib/printable.ts';
import type { Settings } from '../settings.ts';
import { asTyped } from './as-typed.ts';
import { askAdmin } from './ask-admin.ts';
import { explainFault, UsageError } from './fault.ts';
import { type CliIo, EXIT } from './io.ts';

const USAGE = `Usage:
  turnpike test [cases.json ...] [--file routes.json] [options]
  turnpike test --record cases.json [--file routes.json] [--admin URL]

Sends the requests of case files (default: cases.json) through the gateway that the
routes file would start, within this process: services are stubs, callers have
throw-away credentials, and the clock moves as the cases say. No connection is
opened, and Redis is not used. docs/testing.md has what a case file says.

  --file FILE    the routes file (default: ROUTES_FILE, or routes.json)
  --json         all results, for a program
  --junit FILE   writes a report for CI there as well
  --schema       prints the JSON Schema of case files, for editors
  --record FILE  writes a case file of the last requests that the running gateway
                 has refused (ADMIN_PORT, ADMIN_TOKEN), of those that this routes
                 file refuses too
  --admin URL    the admin port of the gateway to ask

Exit code: 0 all as expected, 1 a case failed, 64 a wrong call, 78 faults in a file.
`;

const OPTIONS = {
  file: { type: 'string' },
  json: { type: 'boolean', default: false },
  junit: { type: 'string' },
  schema: { type: 'boolean', default: false },
  record: { type: 'string' },
  admin: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** `turnpike test`: requests and what is expected of them, tried without a network. */
export async function runTest(argv: readonly string[], io: CliIo): Promise<number> {
  try {
    const { values, positionals } = parseArgs({ args: [...argv], options: OPTIONS, allowPositionals: true });
    if (values.help || values.schema) {
      await io.out(values.help ? asTyped(USAGE, io.env) : renderCaseSchema());
      return EXIT.ok;
    }
    loadDotEnv(process.cwd());
    const settings = parseSettings(io.env);
    const routesFile = values.file === undefined ? settings.routesFile : resolve(values.file);
    if (values.record === undefined) return await tryAll(positionals, { ...values, routesFile }, io);
    if (positionals.length > 0) throw new UsageError('--record writes cases, and runs none');
    return await record(values.record, { routesFile, settings, admin: values.admin }, io);
  } catch (error) {
    return explainFault('test', USAGE, error, io);
  }
}

interface Wanted {
  readonly routesFile: string;
  readonly json: boolean;
  readonly junit?: string | undefined;
}

async function tryAll(paths: readonly string[], { routesFile, json, junit }: Wanted, io: CliIo): Promise<number> {
  const begunAtMs = performance.now();
  const files = await runAll(paths.length === 0 ? ['cases.json'] : paths, routesFile, io.env);
  const tookMs = performance.now() - begunAtMs;
  if (junit !== undefined) writeTo(junit, renderJunit(files));
  await io.out(json ? `${printableJson(files, 2)}\n` : renderResults(files, tookMs));
  const isGood = files.every(({ results }) => results.every(({ mismatches }) => mismatches.length === 0));
  return isGood ? EXIT.ok : EXIT.failed;
}

/** Each file has a gateway and a clock of its own; the faults of all are told at once. */
async function runAll(paths: readonly string[], routesFile: string, env: NodeJS.ProcessEnv): Promise<FileResult[]> {
  const read = [];
  const faults = [];
  for (const path of paths) {
    try {
      read.push(readCases(resolve(path)));
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      faults.push(...error.faults);
    }
  }
  if (faults.length > 0) throw new ConfigError(faults);
  const results: FileResult[] = [];
  for (const cases of read) results.push(await runCases(cases, { routesFile, env }, systemClock.now()));
  return results;
}

const RECENT = '/recent?count=500';

interface Recording {
  readonly routesFile: string;
  readonly settings: Settings;
  readonly admin: string | undefined;
}

/** What the running gateway has refused, as cases. */
async function record(file: string, { routesFile, settings, admin }: Recording, io: CliIo): Promise<number> {
  let lines: readonly RecentLine[];
  try {
    const asked = await askAdmin(settings, { method: 'GET', path: RECENT, origin: admin });
    if (!Array.isArray(asked)) throw new Error('it does not say what it has refused');
    lines = asked as readonly RecentLine[];
  } catch (error) {
    io.err(`turnpike test: ${(error as Error).message}\n`);
    return EXIT.failed;
  }
  const recorded = await recordCases(lines, { routesFile, env: io.env }, systemClock.now());
  if (recorded === undefined || recorded.count === 0) {
    io.err('turnpike test: nothing was refused of which a case could be made\n');
    return EXIT.failed;
  }
  writeTo(file, recorded.text);
  for (const [kind, count] of recorded.leftOut)
    io.err(`left out ${count} of ${kind}: by the routes file and the log alone they do not come out so\n`);
  await io.out(`ok: ${recorded.count} ${recorded.count === 1 ? 'case' : 'cases'} in ${file}\n`);
  return EXIT.ok;
}

function writeTo(path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch (error) {
    throw new UsageError(`${path} can't be written (${(error as NodeJS.ErrnoException).code})`);
  }
}
