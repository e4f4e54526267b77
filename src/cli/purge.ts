import { askRunning, pathWith, settingsHere } from './ask-running.ts';
import { UsageError } from './cli-faults.ts';
import { type CliIo, print } from './io.ts';
import { perform } from './perform.ts';
import { PURGE } from './table/operating.ts';

/** `turnpike purge`: has the gateway forget what its cache has. Resolves to the exit code. */
export async function runPurge(argv: readonly string[], io: CliIo): Promise<number> {
  return perform(PURGE, argv, io, async ({ values: { admin, all, ...named } }) => {
    const said = Object.entries({ ...named, ...(all && { all: 'true' }) }).filter(([, value]) => value !== undefined);
    const [[word, value] = []] = said;
    if (word === undefined || said.length > 1)
      throw new UsageError('say what: one of --route, --url, --pattern, --tag, --all');
    const path = pathWith('/cache/purge', { [word]: value });
    await askRunning(io, settingsHere(io), { method: 'POST', path, origin: admin });
    return print(io, `purged ${word === 'all' ? 'all that was stored' : `what was stored by ${word} ${value}`}\n`);
  });
}
