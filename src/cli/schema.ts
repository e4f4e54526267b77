import { resolve } from 'node:path';
import { loadDotEnv, parseSettings } from '../config/env.ts';
import { renderJsonSchema } from '../config/json-schema.ts';
import { UsageError } from './cli-faults.ts';
import { type CliIo, print } from './io.ts';
import { perform } from './perform.ts';
import { readRoutes } from './read-routes.ts';
import { SCHEMA } from './table/configuration.ts';

/** `turnpike schema`: routes.schema.json of a project that has own stages. */
export async function runSchema(argv: readonly string[], io: CliIo): Promise<number> {
  return perform(SCHEMA, argv, io, async ({ positionals }) => {
    const [file, ...rest] = positionals;
    if (rest.length > 0) throw new UsageError('one file at a time');
    loadDotEnv(process.cwd());
    const routesFile = file === undefined ? parseSettings(io.env).routesFile : resolve(file);
    const { stages } = await readRoutes(routesFile, io);
    return print(io, renderJsonSchema(stages));
  });
}
