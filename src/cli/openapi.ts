import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { stringify } from 'yaml';
import { loadDotEnv, parseSettings } from '../config/env.ts';
import { loadRoutesInSteps } from '../config/load.ts';
import { printableJson, withoutControls, withoutMarks } from '../lib/printable.ts';
import { inSlices } from '../lib/steps.ts';
import { asTyped } from './as-typed.ts';
import { explainFault, UsageError } from './fault.ts';
import { type CliIo, EXIT } from './io.ts';
import { makePublicDocument } from './public-api/public-document.ts';

const USAGE = `Usage:
  turnpike openapi [file] [options]

Prints one OpenAPI 3.1 document of all routes: what clients may ask for, who may, and
which problems may be answered. A route that names a document of its service has what
that says, at the paths of clients; of any other its prefix and methods are told.

  --yaml             YAML in place of JSON
  --server URL       where clients find the gateway: https://api.example.com
  --title TEXT       default: API
  --api-version TEXT default: 1
  --all              also routes with ipAllow, pages, and what is marked x-internal

What is left out is told beside it, on standard error.
`;

const OPTIONS = {
  yaml: { type: 'boolean', default: false },
  server: { type: 'string' },
  title: { type: 'string', default: 'API' },
  'api-version': { type: 'string', default: '1' },
  all: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h' },
} as const;

/** `turnpike openapi`: the public document of all routes. Resolves to the exit code. */
export async function runOpenapi(argv: readonly string[], io: CliIo): Promise<number> {
  try {
    const { values, positionals } = parseArgs({ args: [...argv], options: OPTIONS, allowPositionals: true });
    if (values.help) {
      await io.out(asTyped(USAGE, io.env));
      return EXIT.ok;
    }
    const [file, ...rest] = positionals;
    if (rest.length > 0) throw new UsageError('one file at a time');
    if (values.server !== undefined && !URL.canParse(values.server)) throw new UsageError('--server is an address');
    loadDotEnv(process.cwd());
    const routesFile = file === undefined ? parseSettings(io.env).routesFile : resolve(file);
    const loaded = await inSlices(loadRoutesInSteps(routesFile, { env: io.env }));
    const { title, 'api-version': version, server, all, yaml } = values;
    const { document, notes } = makePublicDocument(loaded, { title, version, server, all });
    for (const note of notes) io.err(`${withoutControls(loaded.hidden.hide(note))}\n`);
    const text = yaml
      ? withoutMarks(stringify(document, { aliasDuplicateObjects: false }))
      : `${printableJson(document, 2)}\n`;
    return (await io.out(text)) === false ? EXIT.failed : EXIT.ok;
  } catch (error) {
    return explainFault('openapi', USAGE, error, io);
  }
}
