import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { ConfigError, type Fault } from '../config/config-error.ts';
import { loadDotEnv, parseSettings, readDotEnv } from '../config/env.ts';
import { renderWhatIf } from '../explain/what-if/render.ts';
import type { WhatIfReport } from '../explain/what-if/report.ts';
import { isTooMuch } from '../explain/what-if/verdict.ts';
import { printableJson } from '../lib/printable.ts';
import { parseShare } from '../schema-values.ts';
import { asTyped } from './as-typed.ts';
import { AdminRefusal, askAdmin } from './ask-admin.ts';
import { explainFault, UsageError } from './fault.ts';
import { type CliIo, EXIT } from './io.ts';

const USAGE = `Usage:
  turnpike what-if NEW.json [--max-refused 1%] [options]

Says what NEW.json would change in the place of routes.json for the last requests
of the gateway that runs: who would be refused, who let in, what would go elsewhere,
and what nobody can tell. Nothing is sent, counted or logged.

  --max-refused P  of what passes, how much may be refused newly (default 1%)
  --admin URL      the admin port of the gateway to ask (ADMIN_PORT, ADMIN_TOKEN)
  --json           all of it, for a program

Exit code: 0 fine, 1 more would be refused, or nobody could be asked, 64 a wrong
call, 78 faults in the file.
`;

const OPTIONS = {
  'max-refused': { type: 'string', default: '1%' },
  admin: { type: 'string' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h' },
} as const;

/** `turnpike what-if NEW.json`: what a file would change for the last requests. Resolves to the exit code. */
export async function runWhatIf(argv: readonly string[], io: CliIo): Promise<number> {
  try {
    const { values, positionals } = parseArgs({ args: [...argv], options: OPTIONS, allowPositionals: true });
    if (values.help) {
      io.out(asTyped(USAGE, io.env));
      return EXIT.ok;
    }
    const [file, ...more] = positionals;
    if (file === undefined || more.length > 0) throw new UsageError('one file, the new routes.json');
    const max = parseShare(values['max-refused']);
    if (max === undefined) throw new UsageError('--max-refused takes a percentage: 1%');
    const text = readCandidate(file);
    loadDotEnv(process.cwd());
    const settings = parseSettings(io.env, readDotEnv(process.cwd(), io.env));
    const path = `/what-if?file=${encodeURIComponent(file)}`;
    const report = (await askAdmin(settings, { method: 'POST', path, text, origin: values.admin })) as WhatIfReport;
    io.out(values.json ? `${printableJson(report, 2)}\n` : renderWhatIf(report));
    return isTooMuch(report, max) ? EXIT.failed : EXIT.ok;
  } catch (error) {
    return explain(error, io);
  }
}

function readCandidate(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const message = code === 'ENOENT' ? 'there is no such file' : `the file can't be read (${code})`;
    throw new ConfigError([{ file, line: 1, column: 1, path: '', message }]);
  }
}

function explain(error: unknown, io: CliIo): number {
  const isForUs = error instanceof ConfigError || error instanceof UsageError || error instanceof TypeError;
  if (isForUs || !(error instanceof Error)) return explainFault('what-if', USAGE, error, io);
  if (error instanceof AdminRefusal && error.status === 422) {
    const { faults } = error.body as { faults: readonly Fault[] };
    return explainFault('what-if', USAGE, new ConfigError(faults), io);
  }
  io.err(`turnpike what-if: ${error.message}\n`);
  return EXIT.failed;
}
