import { resolve } from 'node:path';
import { describeChange } from '../config/describe-change.ts';
import { loadDotEnv } from '../config/env.ts';
import { printableJson, withoutControls } from '../lib/printable.ts';
import { UsageError } from './cli-faults.ts';
import { type CliIo, EXIT } from './io.ts';
import { perform } from './perform.ts';
import { readRoutes } from './read-routes.ts';
import { DIFF } from './table/configuration.ts';

/** `turnpike diff OLD NEW`: a line for each change. Resolves to the exit code. */
export async function runDiff(argv: readonly string[], io: CliIo): Promise<number> {
  return perform(DIFF, argv, io, async ({ values, positionals }) => {
    const [before, after, ...more] = positionals;
    if (before === undefined || after === undefined || more.length > 0)
      throw new UsageError('two files, the old one first');
    loadDotEnv(process.cwd());
    const old = await readRoutes(resolve(before), io);
    const next = await readRoutes(resolve(after), io);
    const changes = describeChange(old.config, next.config).map((line) => old.hidden.hide(next.hidden.hide(line)));
    if (values.json) io.out(`${printableJson(changes, 2)}\n`);
    else for (const line of changes) io.out(`${withoutControls(line)}\n`);
    return changes.length === 0 ? EXIT.ok : EXIT.failed;
  });
}
