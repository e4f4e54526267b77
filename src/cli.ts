import { readFileSync } from 'node:fs';
import { asTyped, commandIn } from './cli/as-typed.ts';
import { type CliIo, createProcessIo, EXIT } from './cli/io.ts';
import { environment } from './config/env.ts';
import { findNearest } from './nearest-word.ts';

interface Command {
  readonly usage: string;
  readonly summary: string;
  /** Resolves to the exit code; undefined when the process goes on running. */
  run(argv: readonly string[], io: CliIo): Promise<number | undefined>;
}

// Each command is imported only when it is called: `start` must not pay for the others.
const COMMANDS: Readonly<Record<string, Command>> = {
  start: {
    usage: 'start',
    summary: 'run the gateway (the default)',
    run: runStart,
  },
  dev: {
    usage: 'dev [file] [--port 3000] [--no-stubs]',
    summary: 'run it with stubs for what is not there, and show requests',
    run: async (argv, io) => (await import('./cli/dev.ts')).runDev(argv, io),
  },
  check: {
    usage: 'check [file] [--strict]',
    summary: 'check the settings and routes.json, and say what is wrong',
    run: async (argv, io) => (await import('./cli/check.ts')).runCheck(argv, io),
  },
  explain: {
    usage: 'explain [METHOD] URL | -- curl ...',
    summary: 'say what would become of a request, and why',
    run: async (argv, io) => (await import('./cli/explain.ts')).runExplain(argv, io),
  },
  test: {
    usage: 'test [cases.json ...]',
    summary: 'try requests against routes.json, without a network',
    run: async (argv, io) => (await import('./cli/cases.ts')).runTest(argv, io),
  },
  'what-if': {
    usage: 'what-if NEW.json [--max-refused 1%]',
    summary: 'say what a file would change for the last requests',
    run: async (argv, io) => (await import('./cli/what-if.ts')).runWhatIf(argv, io),
  },
  'debug-token': {
    usage: 'debug-token [--ttl 10m]',
    summary: 'sign a token that shows what stages decide, in the answer',
    run: async (argv, io) => (await import('./cli/debug-token.ts')).runDebugToken(argv, io),
  },
  diff: {
    usage: 'diff OLD.json NEW.json',
    summary: 'say in words what a file would change',
    run: async (argv, io) => (await import('./cli/diff.ts')).runDiff(argv, io),
  },
  init: {
    usage: 'init [folder] [--from FILE [--strict]]',
    summary: 'write a routes.json and a .env to begin with',
    run: async (argv, io) => (await import('./cli/init.ts')).runInit(argv, io),
  },
  openapi: {
    usage: 'openapi [file] [--yaml]',
    summary: 'print the public OpenAPI document of all routes',
    run: async (argv, io) => (await import('./cli/openapi.ts')).runOpenapi(argv, io),
  },
  schema: {
    usage: 'schema [file]',
    summary: 'print the JSON Schema of routes.json, own stages included',
    run: async (argv, io) => (await import('./cli/schema.ts')).runSchema(argv, io),
  },
  key: {
    usage: 'key create|list|rotate|revoke',
    summary: 'make and manage API keys',
    run: async (argv, io) => (await import('./cli/key.ts')).runKey(argv, io),
  },
  token: {
    usage: 'token [options]',
    summary: 'sign a token for trials with JWT_SECRET',
    run: async (argv, io) => (await import('./cli/token.ts')).runToken(argv, io),
  },
  usage: {
    usage: 'usage [--month 2026-11]',
    summary: 'print who called which route how often, as CSV or JSON',
    run: async (argv, io) => (await import('./cli/usage.ts')).runUsage(argv, io),
  },
};

/** Runs the command line of this process. */
export function runProcess(argv: readonly string[]): Promise<number | undefined> {
  return runCli(argv, createProcessIo(environment()));
}

/** Runs one command line of `turnpike`; resolves to the exit code, or undefined when the gateway now runs. */
export async function runCli(argv: readonly string[], io: CliIo): Promise<number | undefined> {
  const [name = 'start', ...rest] = argv;
  if (name === '--help' || name === '-h') return showHelp(io);
  if (name === '--version' || name === '-v' || name === 'version') {
    io.out(`turnpike ${readVersion()}\n`);
    return EXIT.ok;
  }
  if (name !== 'help') return runCommand(name, rest, io);
  const [about] = rest;
  return about === undefined ? showHelp(io) : runCommand(about, ['--help'], io);
}

async function runCommand(name: string, argv: readonly string[], io: CliIo): Promise<number | undefined> {
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command !== undefined) return command.run(argv, io);
  const nearest = findNearest(name, Object.keys(COMMANDS));
  const hint = nearest === undefined ? '' : ` (did you mean "${nearest}"?)`;
  io.err(`turnpike: there is no command "${name}"${hint}\n\n${renderHelp(io)}`);
  return EXIT.usage;
}

async function runStart(argv: readonly string[], io: CliIo): Promise<number | undefined> {
  const usage = `Usage:\n  ${commandIn(io.env)} start\n\nRuns the gateway until SIGTERM or Ctrl-C. It takes no options: settings come from the environment and .env.\n`;
  if (argv.length === 0) {
    await (await import('./main.ts')).start();
    return undefined;
  }
  const isAsked = argv[0] === '--help' || argv[0] === '-h';
  if (isAsked) io.out(usage);
  else io.err(`turnpike start: it takes no arguments\n\n${usage}`);
  return isAsked ? EXIT.ok : EXIT.usage;
}

/** From the package.json beside src/ or dist/. */
function readVersion(): string {
  const manifest = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}

function showHelp(io: CliIo): number {
  io.out(renderHelp(io));
  return EXIT.ok;
}

function renderHelp({ env }: CliIo): string {
  const width = Math.max(...Object.values(COMMANDS).map(({ usage }) => usage.length)) + 2;
  const rows = Object.values(COMMANDS).map(({ usage, summary }) => `  turnpike ${usage.padEnd(width)}${summary}`);
  const usage = asTyped(`Usage:\n${rows.join('\n')}\n  turnpike help COMMAND, turnpike --version\n`, env);
  return `${usage}\nSettings come from the environment and .env (see .env.example), routes from routes.json.\n`;
}
