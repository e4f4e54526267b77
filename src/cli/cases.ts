import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
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
import { askAdmin } from './ask-admin.ts';
import { AdminFault, CliFault, UsageError } from './cli-faults.ts';
import { colourFor } from './colour.ts';
import { type CliIo, EXIT } from './io.ts';
import { perform } from './perform.ts';
import { withProgress } from './progress.ts';
import { TEST } from './table/trying.ts';

/** `turnpike test`: requests and what is expected of them, tried without a network. */
export async function runTest(argv: readonly string[], io: CliIo): Promise<number> {
  return perform(TEST, argv, io, async ({ values, positionals }) => {
    if (values.schema) {
      await io.out(renderCaseSchema());
      return EXIT.ok;
    }
    loadDotEnv(process.cwd());
    const settings = parseSettings(io.env);
    const routesFile = values.file === undefined ? settings.routesFile : resolve(values.file);
    if (values.record === undefined) return await tryAll(positionals, { ...values, routesFile }, io);
    if (positionals.length > 0) throw new UsageError('--record writes cases, and runs none');
    return await record(values.record, { routesFile, settings, admin: values.admin }, io);
  });
}

interface Wanted {
  readonly routesFile: string;
  readonly json: boolean;
  readonly junit?: string | undefined;
}

async function tryAll(paths: readonly string[], { routesFile, json, junit }: Wanted, io: CliIo): Promise<number> {
  const begunAtMs = performance.now();
  const running = runAll(paths.length === 0 ? ['cases.json'] : paths, routesFile, io.env);
  const files = await withProgress(io, 'trying the cases', running);
  const tookMs = performance.now() - begunAtMs;
  if (junit !== undefined) writeTo(junit, renderJunit(files));
  await io.out(json ? `${printableJson(files, 2)}\n` : renderResults(files, tookMs, colourFor(io, 'out')));
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
  const lines = await askAdmin(settings, { method: 'GET', path: RECENT, origin: admin });
  if (!Array.isArray(lines)) throw new AdminFault('the gateway does not say what it has refused');
  const recorded = await recordCases(lines as readonly RecentLine[], { routesFile, env: io.env }, systemClock.now());
  if (recorded === undefined || recorded.count === 0) {
    throw new CliFault('nothing was refused of which a case could be made');
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
