import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { posix, relative, resolve, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { asTyped, commandIn } from './as-typed.ts';
import { explainFault, UsageError } from './fault.ts';
import { type CliIo, EXIT } from './io.ts';
import { renderStarter } from './starter.ts';

const USAGE = `Usage:
  turnpike init [folder]

Writes a routes.json to begin with, and a .env with every setting commented out.
With a folder the routes come into it, and .env points to them. Nothing that is
there already is ever written over.
`;

/** Both lie beside src/ or dist/. */
const SCHEMA = new URL('../../routes.schema.json', import.meta.url);
const ENV_EXAMPLE = new URL('../../.env.example', import.meta.url);

const STAYS = 'is there already and stays as it is';

/** `turnpike init [folder]`: a file of one's own to begin with. Resolves to the exit code. */
export async function runInit(argv: readonly string[], io: CliIo): Promise<number> {
  try {
    const options = { help: { type: 'boolean', short: 'h' } } as const;
    const { values, positionals } = parseArgs({ args: [...argv], options, allowPositionals: true });
    if (values.help) {
      io.out(asTyped(USAGE, io.env));
      return EXIT.ok;
    }
    const [folder = '.', ...rest] = positionals;
    if (rest.length > 0) throw new UsageError('one folder at a time');
    return init(folder, io);
  } catch (error) {
    return explainFault('init', USAGE, error, io);
  }
}

function init(folder: string, io: CliIo): number {
  const file = posix.join(folder.split(sep).join('/'), 'routes.json');
  const isHere = resolve(folder) === process.cwd();
  const setting = isHere ? undefined : `ROUTES_FILE=${file}`;
  const command = commandIn(io.env);
  try {
    mkdirSync(folder, { recursive: true });
    const beside = isHere ? `; for one beside it: ${command} init FOLDER` : '';
    io.out(
      writeNew(file, renderStarter(schemaFrom(folder), command)) ? `wrote ${file}\n` : `${file} ${STAYS}${beside}\n`,
    );
    const [told, toAdd] = setting === undefined ? ['', ''] : [` (${setting})`, `; add to it: ${setting}`];
    io.out(writeNew('.env', renderEnv(setting), 0o600) ? `wrote .env${told}\n` : `.env ${STAYS}${toAdd}\n`);
    io.out(`\nNext: ${command} check, ${command} start\n`);
    return EXIT.ok;
  } catch (error) {
    const { code, path } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    io.err(`turnpike init: ${path ?? folder}: ${code}\n`);
    return EXIT.failed;
  }
}

/** False where there is something already, a link that leads nowhere too. */
function writeNew(file: string, text: string, mode?: number): boolean {
  try {
    writeFileSync(file, text, { flag: 'wx', ...(mode === undefined ? {} : { mode }) });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function renderEnv(setting: string | undefined): string {
  const example = readFileSync(ENV_EXAMPLE, 'utf8');
  return setting === undefined ? example : example.replace(/^#ROUTES_FILE=.*$/m, () => setting);
}

/** Where the schema is, for an editor: by a short way inside the working folder, else in full. */
function schemaFrom(folder: string): string {
  const schema = fileURLToPath(SCHEMA);
  const isInside = !relative(process.cwd(), schema).startsWith('..');
  if (!isInside) return pathToFileURL(schema).href;
  const way = relative(resolve(folder), schema).split(sep).join('/');
  return way.startsWith('.') ? way : `./${way}`;
}
