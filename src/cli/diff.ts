import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { describeChange } from '../config/describe-change.ts';
import { loadDotEnv } from '../config/env.ts';
import { loadRoutesInSteps } from '../config/load.ts';
import { printableJson, withoutControls } from '../lib/printable.ts';
import { inSlices } from '../lib/steps.ts';
import { asTyped } from './as-typed.ts';
import { explainFault, UsageError } from './fault.ts';
import { type CliIo, EXIT } from './io.ts';

const USAGE = `Usage:
  turnpike diff OLD.json NEW.json [--json]

Says in words what would be different with NEW in place of OLD, as a reload tells it.

Exit code: 0 nothing, 1 something, 64 a wrong call, 78 faults in a file.
`;

const OPTIONS = { json: { type: 'boolean', default: false }, help: { type: 'boolean', short: 'h' } } as const;

/** `turnpike diff OLD NEW`: a line for each change. Resolves to the exit code. */
export async function runDiff(argv: readonly string[], io: CliIo): Promise<number> {
  try {
    const { values, positionals } = parseArgs({ args: [...argv], options: OPTIONS, allowPositionals: true });
    if (values.help) {
      io.out(asTyped(USAGE, io.env));
      return EXIT.ok;
    }
    const [before, after, ...more] = positionals;
    if (before === undefined || after === undefined || more.length > 0)
      throw new UsageError('two files, the old one first');
    loadDotEnv(process.cwd());
    const load = (file: string) => inSlices(loadRoutesInSteps(resolve(file), { env: io.env }));
    const old = await load(before);
    const next = await load(after);
    const changes = describeChange(old.config, next.config).map((line) => old.hidden.hide(next.hidden.hide(line)));
    if (values.json) io.out(`${printableJson(changes, 2)}\n`);
    else for (const line of changes) io.out(`${withoutControls(line)}\n`);
    return changes.length === 0 ? EXIT.ok : EXIT.failed;
  } catch (error) {
    return explainFault('diff', USAGE, error, io);
  }
}
