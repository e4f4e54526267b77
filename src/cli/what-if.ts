import { readFileSync } from 'node:fs';
import { ConfigError, type Fault } from '../config/config-error.ts';
import { loadDotEnv, parseSettings, readDotEnv } from '../config/env.ts';
import { renderWhatIf } from '../explain/what-if/render.ts';
import type { WhatIfReport } from '../explain/what-if/report.ts';
import { isTooMuch } from '../explain/what-if/verdict.ts';
import { printableJson } from '../lib/printable.ts';
import { parseShare } from '../schema-values.ts';
import type { Settings } from '../settings.ts';
import { askAdmin } from './ask-admin.ts';
import { AdminRefusal, UsageError } from './cli-faults.ts';
import { colourFor } from './colour.ts';
import { type CliIo, EXIT } from './io.ts';
import { perform } from './perform.ts';
import { withProgress } from './progress.ts';
import { WHAT_IF } from './table/trying.ts';

/** `turnpike what-if NEW.json`: what a file would change for the last requests. Resolves to the exit code. */
export async function runWhatIf(argv: readonly string[], io: CliIo): Promise<number> {
  return perform(WHAT_IF, argv, io, async ({ values, positionals }) => {
    const [file, ...more] = positionals;
    if (file === undefined || more.length > 0) throw new UsageError('one file, the new routes.json');
    const max = parseShare(values['max-refused']);
    if (max === undefined) throw new UsageError('--max-refused takes a percentage: 1%');
    const text = readCandidate(file);
    loadDotEnv(process.cwd());
    const settings = parseSettings(io.env, readDotEnv(process.cwd(), io.env));
    const asking = ask(settings, { file, text, admin: values.admin });
    const report = await withProgress(io, `trying ${file} on the last requests`, asking);
    io.out(values.json ? `${printableJson(report, 2)}\n` : renderWhatIf(report, { max, paint: colourFor(io, 'out') }));
    return isTooMuch(report, max) ? EXIT.failed : EXIT.ok;
  });
}

interface Asked {
  readonly file: string;
  readonly text: string;
  readonly admin: string | undefined;
}

/** What the gateway makes of the file; its faults are told as those of any file. */
async function ask(settings: Settings, { file, text, admin }: Asked): Promise<WhatIfReport> {
  const path = `/what-if?file=${encodeURIComponent(file)}`;
  try {
    return (await askAdmin(settings, { method: 'POST', path, text, origin: admin })) as WhatIfReport;
  } catch (error) {
    if (!(error instanceof AdminRefusal) || error.status !== 422) throw error;
    throw new ConfigError((error.body as { faults: readonly Fault[] }).faults);
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
