import { existsSync } from 'node:fs';
import { asTyped } from './cli/as-typed.ts';
import { UsageError } from './cli/cli-faults.ts';
import { didYouMean } from './cli/did-you-mean.ts';
import { renderCommandHelp, renderHelp } from './cli/help.ts';
import { type CliIo, createProcessIo, EXIT } from './cli/io.ts';
import { perform } from './cli/perform.ts';
import { COMMAND_SPECS, findCommand, HELP, START, VERSION } from './cli/table/table.ts';
import { environment } from './config/env.ts';
import { readOwnVersion } from './lib/own-version.ts';
import { withoutControls } from './lib/printable.ts';

/** Resolves to the exit code; undefined when the process goes on running. */
type Run = (argv: readonly string[], io: CliIo) => Promise<number | undefined>;

// Each command is imported only when it is called: `start` must not pay for the others. What is told of them stands in
// cli/table/.
const RUNS: Readonly<Record<string, Run>> = {
  start: runStart,
  dev: async (argv, io) => (await import('./cli/dev.ts')).runDev(argv, io),
  check: async (argv, io) => (await import('./cli/check.ts')).runCheck(argv, io),
  explain: async (argv, io) => (await import('./cli/explain.ts')).runExplain(argv, io),
  test: async (argv, io) => (await import('./cli/cases.ts')).runTest(argv, io),
  'what-if': async (argv, io) => (await import('./cli/what-if.ts')).runWhatIf(argv, io),
  'debug-token': async (argv, io) => (await import('./cli/debug-token.ts')).runDebugToken(argv, io),
  diff: async (argv, io) => (await import('./cli/diff.ts')).runDiff(argv, io),
  init: async (argv, io) => (await import('./cli/init.ts')).runInit(argv, io),
  openapi: async (argv, io) => (await import('./cli/openapi.ts')).runOpenapi(argv, io),
  schema: async (argv, io) => (await import('./cli/schema.ts')).runSchema(argv, io),
  key: async (argv, io) => (await import('./cli/key.ts')).runKey(argv, io),
  token: async (argv, io) => (await import('./cli/token.ts')).runToken(argv, io),
  usage: async (argv, io) => (await import('./cli/usage.ts')).runUsage(argv, io),
  status: async (argv, io) => (await import('./cli/status.ts')).runStatus(argv, io),
  recent: async (argv, io) => (await import('./cli/recent.ts')).runRecent(argv, io),
  errors: async (argv, io) => (await import('./cli/errors.ts')).runErrors(argv, io),
  routes: async (argv, io) => (await import('./cli/routes.ts')).runRoutes(argv, io),
  reload: async (argv, io) => (await import('./cli/reload.ts')).runReload(argv, io),
  breaker: async (argv, io) => (await import('./cli/breaker.ts')).runBreaker(argv, io),
  purge: async (argv, io) => (await import('./cli/purge.ts')).runPurge(argv, io),
  'log-level': async (argv, io) => (await import('./cli/log-level.ts')).runLogLevel(argv, io),
  completion: async (argv, io) => (await import('./cli/completion.ts')).runCompletion(argv, io),
  // For the scripts of completion alone.
  __complete: async (argv, io) => (await import('./cli/complete.ts')).runComplete(argv, io),
  help: runHelp,
  version: runVersion,
};

/** The usual spellings of commands. */
const SPELLINGS: Readonly<Record<string, string>> = {
  '--help': 'help',
  '-h': 'help',
  '--version': 'version',
  '-v': 'version',
};

/** Runs the command line of this process. */
export function runProcess(argv: readonly string[]): Promise<number | undefined> {
  return runCli(argv, createProcessIo(environment()));
}

/** Runs one command line of `turnpike`; resolves to the exit code, or undefined when the gateway now runs. */
export async function runCli(argv: readonly string[], io: CliIo): Promise<number | undefined> {
  const { words, isPlain } = takeNoColor(argv);
  if (words.length === 0 && !hasRoutesFile(io)) return sayWhatThereIs(io);
  const [given = 'start', ...rest] = words;
  const name = Object.hasOwn(SPELLINGS, given) ? (SPELLINGS[given] as string) : given;
  const run = Object.hasOwn(RUNS, name) ? RUNS[name] : undefined;
  const plainIo = isPlain ? { ...io, isPlain } : io;
  if (run !== undefined) return run(rest, plainIo);
  io.err(`turnpike: ${noCommand(name)}\n\n${asTyped('turnpike help lists what there is.\n', io.env)}`);
  return EXIT.usage;
}

/** Without a word it is `start`, for whoever has a routes file, which .env may name. */
function hasRoutesFile(io: CliIo): boolean {
  const named = io.env['ROUTES_FILE']?.trim();
  return Boolean(named) || existsSync('routes.json') || existsSync('.env');
}

/** For whoever has only typed the name of it: a gateway would not start here. */
function sayWhatThereIs(io: CliIo): number {
  const how = 'turnpike init writes one, turnpike dev tries it, turnpike start runs it.';
  io.err(`turnpike: there is no routes.json here. ${asTyped(how, io.env)}\n\n${renderHelp(io)}`);
  return EXIT.config;
}

/** `--no-color` goes with every command; what stands behind `--` is meant for others. */
function takeNoColor(argv: readonly string[]): { readonly words: readonly string[]; readonly isPlain: boolean } {
  const end = argv.indexOf('--');
  const own = end < 0 ? argv : argv.slice(0, end);
  const words = own.filter((word) => word !== '--no-color');
  return { words: [...words, ...argv.slice(own.length)], isPlain: words.length < own.length };
}

function noCommand(name: string): string {
  const known = COMMAND_SPECS.map((spec) => spec.name);
  return `there is no command "${withoutControls(name)}"${didYouMean(name, known)}`;
}

async function runStart(argv: readonly string[], io: CliIo): Promise<number | undefined> {
  if (argv.length > 0) {
    return perform(START, argv, io, () => {
      throw new UsageError('it takes no words');
    });
  }
  await (await import('./main.ts')).start();
  return undefined;
}

function runHelp(argv: readonly string[], io: CliIo): Promise<number> {
  return perform(HELP, argv, io, async ({ positionals }) => {
    const [name] = positionals;
    const about = name === undefined ? undefined : findCommand(positionals);
    if (name !== undefined && about === undefined) throw new UsageError(noCommand(name));
    await io.out(about === undefined ? renderHelp(io) : renderCommandHelp(about, io));
    return EXIT.ok;
  });
}

function runVersion(argv: readonly string[], io: CliIo): Promise<number> {
  return perform(VERSION, argv, io, async () => {
    await io.out(`turnpike ${readOwnVersion()}\n`);
    return EXIT.ok;
  });
}
