import { parseArgs } from 'node:util';
import { withoutControls } from '../lib/printable.ts';
import { UsageError } from './cli-faults.ts';
import type { CommandSpec } from './command.ts';
import { didYouMean } from './did-you-mean.ts';
import { explainFault } from './fault.ts';
import { COMMON_OPTIONS, renderCommandHelp } from './help.ts';
import { type CliIo, EXIT } from './io.ts';

interface Config<S extends CommandSpec> {
  args: string[];
  options: S['options'];
  allowPositionals: true;
  strict: true;
}

/** The options and words of a call, as its command has them in the table. */
export type Parsed<S extends CommandSpec> = ReturnType<typeof parseArgs<Config<S>>>;

/**
 * One call of a command: its help where that is asked for, else what it does with its options and words. Resolves to
 * the exit code, also where the call is wrong or the command gives up; a bug rejects.
 */
export async function perform<S extends CommandSpec>(
  spec: S,
  argv: readonly string[],
  io: CliIo,
  act: (parsed: Parsed<S>) => Promise<number> | number,
): Promise<number> {
  const { commands = [] }: CommandSpec = spec;
  const told = commands.find(({ name }) => argv.some((word) => name === `${spec.name} ${word}`)) ?? spec;
  if (isHelpAsked(argv)) {
    await io.out(renderCommandHelp(told, io));
    return EXIT.ok;
  }
  try {
    return await act(parse(spec, argv));
  } catch (error) {
    return explainFault(told, error, io);
  }
}

/** Behind `--` are the words of others. */
function isHelpAsked(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  const own = end < 0 ? argv : argv.slice(0, end);
  return own.some((word) => word === '--help' || word === '-h');
}

function parse<S extends CommandSpec>(spec: S, argv: readonly string[]): Parsed<S> {
  let parsed: Parsed<S>;
  try {
    parsed = parseArgs<Config<S>>({ args: [...argv], options: spec.options, allowPositionals: true, strict: true });
  } catch (error) {
    throw isParseFault(error) ? new UsageError(sayFault(error.message, spec)) : error;
  }
  const [word] = parsed.positionals;
  if (word !== undefined && (spec as CommandSpec).words === undefined)
    throw new UsageError(`it takes no words, and not "${withoutControls(word)}"`);
  return parsed;
}

function isParseFault(error: unknown): error is Error {
  return error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS_');
}

/** In our own words, with what was probably meant. */
function sayFault(message: string, { options }: CommandSpec): string {
  const [, given] = /^Unknown option '(-[^']*)'/.exec(message) ?? [];
  if (given === undefined) return withoutControls(message.split('\n', 1)[0] ?? '');
  const known = Object.keys({ ...options, ...COMMON_OPTIONS }).map((name) => `--${name}`);
  return `there is no option "${withoutControls(given)}"${didYouMean(given, known)}`;
}
