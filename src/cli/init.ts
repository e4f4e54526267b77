import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, posix, relative, resolve, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { ConfigError, type Fault } from '../config/config-error.ts';
import { loadRoutes } from '../config/load.ts';
import { gatherShapes } from '../config/routes.ts';
import { systemClock } from '../lib/clock.ts';
import { withoutControls } from '../lib/printable.ts';
import { STAGES } from '../stages.ts';
import { documentName } from '../validate/validate-option.ts';
import { withApiDocument } from './api-document.ts';
import { asTyped, commandIn } from './as-typed.ts';
import { CliFault, UsageError } from './cli-faults.ts';
import { makeRoutes } from './from-api/routes-file.ts';
import { type CliIo, EXIT } from './io.ts';
import { makeOfKong } from './kong-document.ts';
import { perform } from './perform.ts';
import { renderStarter } from './starter.ts';
import { INIT } from './table/configuration.ts';

/** Both lie beside src/ or dist/. */
const SCHEMA = new URL('../../routes.schema.json', import.meta.url);
const ENV_EXAMPLE = new URL('../../.env.example', import.meta.url);

const STAYS = 'is there already and stays as it is';

/** `turnpike init [folder]`: a file of one's own to begin with. Resolves to the exit code. */
export async function runInit(argv: readonly string[], io: CliIo): Promise<number> {
  return perform(INIT, argv, io, async ({ values, positionals }) => {
    const [folder = '.', ...rest] = positionals;
    if (rest.length > 0) throw new UsageError('one folder at a time');
    return init(folder, values.from, io, values.strict);
  });
}

async function init(folder: string, from: string | undefined, io: CliIo, isStrict: boolean): Promise<number> {
  const file = posix.join(folder.split(sep).join('/'), 'routes.json');
  const isHere = resolve(folder) === process.cwd();
  const setting = isHere ? undefined : `ROUTES_FILE=${file}`;
  const command = commandIn(io.env);
  try {
    // Before anything is written: a document that is wrong leaves nothing behind.
    const first = from === undefined ? starter(folder, command) : await makeFrom(from, folder, io.env);
    mkdirSync(folder, { recursive: true });
    const beside = isHere ? `; for one beside it: ${command} init FOLDER` : '';
    io.out(writeNew(file, first.text) ? `wrote ${file}${first.told}\n` : `${file} ${STAYS}${beside}\n`);
    const isNew = writeEnv(file, setting, first.secrets, io);
    io.out(`\n${nextStep(command, file, isNew ? undefined : setting)}\n`);
    return isStrict && first.lostCount > 0 ? EXIT.failed : EXIT.ok;
  } catch (error) {
    throw inWords(error, folder, from);
  }
}

/** What the system says of a file; what is given and can't be read is another fault than what can't be written. */
function inWords(error: unknown, folder: string, from: string | undefined): unknown {
  const { code, path } = error as NodeJS.ErrnoException;
  if (code === undefined || error instanceof CliFault) return error;
  const isGiven = from !== undefined && path !== undefined && resolve(path) === resolve(from);
  return new CliFault(`${resolve(path ?? folder)}: ${code}`, isGiven ? 'config' : 'failed', { cause: error });
}

/** The .env, where there is none yet; true where it was written. */
function writeEnv(file: string, setting: string | undefined, secrets: FirstRoutes['secrets'], io: CliIo): boolean {
  const [told, toAdd] = setting === undefined ? ['', ''] : [` (${setting})`, `; add to it: ${setting}`];
  const isNew = writeNew('.env', renderEnv(setting, secrets), 0o600);
  io.out(isNew ? `wrote .env${told}\n` : `.env ${STAYS}${toAdd}\n`);
  const names = [...secrets.keys()].join(', ');
  if (names === '') return isNew;
  io.out(isNew ? `  with secrets that ${file} names: ${names}\n` : `  add to it, with their values: ${names}\n`);
  return isNew;
}

/** `setting`: what an .env that is there already has to say first; without it the other commands take another file. */
function nextStep(command: string, file: string, setting: string | undefined): string {
  if (setting === undefined || envSays(setting)) return `Next: ${command} check, ${command} start`;
  return `Next: ${command} check ${file}, then ${setting} in .env, ${command} start`;
}

/** What can't be read, a link that leads nowhere for one, says nothing. */
function envSays(setting: string): boolean {
  try {
    return readFileSync('.env', 'utf8').split(/\r?\n/).includes(setting);
  } catch {
    return false;
  }
}

/** The routes.json to write, and what is told of it. */
interface FirstRoutes {
  readonly text: string;
  readonly told: string;
  /** Variables that the text names, for .env. */
  readonly secrets: ReadonlyMap<string, string>;
  /** How much of what it was made of is not in it. */
  readonly lostCount: number;
}

const NO_SECRETS: ReadonlyMap<string, string> = new Map();

function starter(folder: string, command: string): FirstRoutes {
  return { text: renderStarter(schemaFrom(folder), command), told: '', secrets: NO_SECRETS, lostCount: 0 };
}

async function makeFrom(from: string, folder: string, env: NodeJS.ProcessEnv): Promise<FirstRoutes> {
  const way = relative(resolve(folder), resolve(from)).split(sep).join('/');
  const document = way.startsWith('.') ? way : `./${way}`;
  const kong = await makeOfKong(from, { schema: schemaFrom(folder), document, nowMs: systemClock.now() });
  if (kong === undefined) return makeOfApi(from, folder, document, env);
  tryOut(from, kong.text, Object.fromEntries(kong.secrets));
  return { ...kong, text: asTyped(kong.text, env), told: tell(from, kong.routes, kong.notes, env) };
}

function makeOfApi(from: string, folder: string, document: string, env: NodeJS.ProcessEnv): FirstRoutes {
  const validates = Object.hasOwn(gatherShapes(STAGES).route, 'openapi');
  const schema = schemaFrom(folder);
  const [{ text, routes, notes }, trial] = withApiDocument(from, (read) => [
    makeRoutes(read, { schema, document, validates }),
    // The document has been checked by then.
    makeRoutes(read, { schema, document, validates: false }).text,
  ]);
  const named = documentName.safeParse(document);
  if (!named.success)
    throw refused(
      from,
      named.error.issues.map(({ message }) => ({ message })),
    );
  tryOut(from, trial);
  return { text: asTyped(text, env), told: tell(from, routes, notes, env), secrets: NO_SECRETS, lostCount: 0 };
}

function tell(from: string, routes: number, notes: readonly string[], env: NodeJS.ProcessEnv): string {
  const lines = notes.map((note) => `\n  ${asTyped(note, env)}`);
  return `, with ${routes} ${routes === 1 ? 'route' : 'routes'} from ${withoutControls(from)}${lines.join('')}`;
}

/** Faults of routes.json that a document would make, told of the document. */
function refused(from: string, faults: readonly Pick<Fault, 'message' | 'hint'>[]): ConfigError {
  return new ConfigError(faults.map((fault) => ({ ...fault, file: from, line: 0, column: 0, path: '' })));
}

/** Loads what would be written, as `turnpike check` does: what that refuses is not written. */
function tryOut(from: string, text: string, env: NodeJS.ProcessEnv = {}): void {
  const folder = mkdtempSync(join(tmpdir(), 'turnpike-init-'));
  try {
    const file = join(folder, 'routes.json');
    writeFileSync(file, text, { mode: 0o600 });
    loadRoutes(file, { env });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const faults = error.faults.map((fault) => ({
      ...fault,
      message: `${fault.path} would be wrong: ${fault.message}`,
    }));
    throw refused(from, faults);
  } finally {
    rmSync(folder, { recursive: true, force: true });
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

function renderEnv(setting: string | undefined, secrets: ReadonlyMap<string, string>): string {
  const example = readFileSync(ENV_EXAMPLE, 'utf8');
  const text = setting === undefined ? example : example.replace(/^#ROUTES_FILE=.*$/m, () => setting);
  const lines = [...secrets].map(([name, value]) => `${name}=${quotedForEnv(value) ?? ''}\n`);
  return lines.length === 0 ? text : `${text.trimEnd()}\n\n# Secrets that routes.json names.\n${lines.join('')}`;
}

/** As Node reads it again, to the letter; undefined for what has all the quotes that there are. */
function quotedForEnv(value: string): string | undefined {
  const quote = ["'", '`'].find((each) => !value.includes(each));
  return quote && quote + value + quote;
}

/** Where the schema is, for an editor: by a short way inside the working folder, else in full. */
function schemaFrom(folder: string): string {
  const schema = fileURLToPath(SCHEMA);
  const isInside = !relative(process.cwd(), schema).startsWith('..');
  if (!isInside) return pathToFileURL(schema).href;
  const way = relative(resolve(folder), schema).split(sep).join('/');
  return way.startsWith('.') ? way : `./${way}`;
}
