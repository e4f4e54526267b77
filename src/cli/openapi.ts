import { resolve } from 'node:path';
import { stringify } from 'yaml';
import { loadDotEnv, parseSettings } from '../config/env.ts';
import { printableJson, withoutControls, withoutMarks } from '../lib/printable.ts';
import { UsageError } from './cli-faults.ts';
import { type CliIo, print } from './io.ts';
import { perform } from './perform.ts';
import { makePublicDocument } from './public-api/public-document.ts';
import { readRoutes } from './read-routes.ts';
import { OPENAPI } from './table/configuration.ts';

/** `turnpike openapi`: the public document of all routes. Resolves to the exit code. */
export async function runOpenapi(argv: readonly string[], io: CliIo): Promise<number> {
  return perform(OPENAPI, argv, io, async ({ values, positionals }) => {
    const [file, ...rest] = positionals;
    if (rest.length > 0) throw new UsageError('one file at a time');
    if (values.server !== undefined && !URL.canParse(values.server)) throw new UsageError('--server is an address');
    loadDotEnv(process.cwd());
    const routesFile = file === undefined ? parseSettings(io.env).routesFile : resolve(file);
    const loaded = await readRoutes(routesFile, io);
    const { title, 'api-version': version, server, all, yaml } = values;
    const { document, notes } = makePublicDocument(loaded, { title, version, server, all });
    for (const note of notes) io.err(`${withoutControls(loaded.hidden.hide(note))}\n`);
    const text = yaml
      ? withoutMarks(stringify(document, { aliasDuplicateObjects: false }))
      : `${printableJson(document, 2)}\n`;
    return print(io, text);
  });
}
