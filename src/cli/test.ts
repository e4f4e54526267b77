import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { renderCaseSchema } from '../cases/case-file.ts';
import { readCases } from '../cases/read-cases.ts';
import { renderJunit, renderResults } from '../cases/report.ts';
import { type FileResult, runCases } from '../cases/run-cases.ts';
import { ConfigError } from '../config/config-error.ts';
import { loadDotEnv, parseSettings } from '../config/env.ts';
import { systemClock } from '../lib/clock.ts';
import { asTyped } from './as-typed.ts';
import { explainFault, UsageError } from './fault.ts';
import { type CliIo, EXIT } from './io.ts';

const USAGE = `Usage:
  turnpike test [cases.json ...] [--file routes.json] [options]

Sends the requests of case files (default: cases.json) through the gateway that the
routes file would start, within this process: services are stubs, callers have
throw-away credentials, and the clock moves as the cases say. No connection is
opened, and Redis is not used. docs/testing.md has what a case file says.

  --file FILE    the routes file (default: ROUTES_FILE, or routes.json)
  --json         all results, for a program
  --junit FILE   writes a report for CI there as well
  --schema       prints the JSON Schema of case files, for editors

Exit code: 0 all as expected, 1 a case failed, 64 a wrong call, 78 faults in a file.
`;

const OPTIONS = {
  file: { type: 'string' },
  json: { type: 'boolean', default: false },
  junit: { type: 'string' },
  schema: { type: 'boolean', default: false },
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
    const begunAtMs = performance.now();
    const routesFile = values.file === undefined ? parseSettings(io.env).routesFile : resolve(values.file);
    const files = await runAll(positionals.length === 0 ? ['cases.json'] : positionals, routesFile, io.env);
    if (values.junit !== undefined) writeReport(values.junit, renderJunit(files));
    const tookMs = performance.now() - begunAtMs;
    await io.out(values.json ? `${JSON.stringify(files, null, 2)}\n` : renderResults(files, tookMs));
    const isGood = files.every(({ results }) => results.every(({ mismatches }) => mismatches.length === 0));
    return isGood ? EXIT.ok : EXIT.failed;
  } catch (error) {
    return explainFault('test', USAGE, error, io);
  }
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

function writeReport(path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch (error) {
    throw new UsageError(`--junit ${path} can't be written (${(error as NodeJS.ErrnoException).code})`);
  }
}
