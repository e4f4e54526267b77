import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { loadDotEnv, parseSettings } from '../config/env.ts';
import { renderJsonSchema } from '../config/json-schema.ts';
import { loadRoutesInSteps } from '../config/load.ts';
import { inSlices } from '../lib/steps.ts';
import { asTyped } from './as-typed.ts';
import { explainFault, UsageError } from './fault.ts';
import { type CliIo, EXIT } from './io.ts';

const USAGE = `Usage:
  turnpike schema [file]

Prints the JSON Schema of the routes file (default: ROUTES_FILE, or routes.json) with
the keys of the own stages that it uses, for the "$schema" of that file. It is written to
the standard output: turnpike schema > routes.schema.json

Exit code: 0 all right, 64 a wrong call, 78 faults in the file.
`;

const OPTIONS = { help: { type: 'boolean', short: 'h' } } as const;

/** `turnpike schema`: routes.schema.json of a project that has own stages. */
export async function runSchema(argv: readonly string[], io: CliIo): Promise<number> {
  try {
    const { values, positionals } = parseArgs({ args: [...argv], options: OPTIONS, allowPositionals: true });
    if (values.help) {
      await io.out(asTyped(USAGE, io.env));
      return EXIT.ok;
    }
    const [file, ...rest] = positionals;
    if (rest.length > 0) throw new UsageError('one file at a time');
    loadDotEnv(process.cwd());
    const routesFile = file === undefined ? parseSettings(io.env).routesFile : resolve(file);
    const { stages } = await inSlices(loadRoutesInSteps(routesFile, { env: io.env }));
    return (await io.out(renderJsonSchema(stages))) === false ? EXIT.failed : EXIT.ok;
  } catch (error) {
    return explainFault('schema', USAGE, error, io);
  }
}
