import { closest, distance } from 'fastest-levenshtein';
import { type CliIo, createProcessIo, EXIT } from './cli/io.ts';
import { environment } from './config/env.ts';

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
    run: async () => {
      await (await import('./main.ts')).start();
      return undefined;
    },
  },
  check: {
    usage: 'check [file]',
    summary: 'check the settings and routes.json, and say what is wrong',
    run: async (argv, io) => (await import('./cli/check.ts')).runCheck(argv, io),
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
  if (name === 'help' || name === '--help' || name === '-h') {
    io.out(renderHelp());
    return EXIT.ok;
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) {
    const nearest = closest(name, Object.keys(COMMANDS));
    const hint = distance(name, nearest) <= 2 ? ` (did you mean "${nearest}"?)` : '';
    io.err(`turnpike: there is no command "${name}"${hint}\n\n${renderHelp()}`);
    return EXIT.usage;
  }
  return command.run(rest, io);
}

function renderHelp(): string {
  const rows = Object.values(COMMANDS).map(({ usage, summary }) => `  turnpike ${usage.padEnd(32)}${summary}`);
  return `Usage:\n${rows.join('\n')}\n\nSettings come from the environment and .env (see .env.example), routes from routes.json.\n`;
}
