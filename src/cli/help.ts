import { wrap } from '../explain/wrap.ts';
import { asTyped } from './as-typed.ts';
import { colourFor } from './colour.ts';
import type { CommandSpec, OptionSpec } from './command.ts';
import { type CliIo, EXIT } from './io.ts';
import { COMMAND_GROUPS } from './table/table.ts';

/** What every command says with these. */
const COMMON_EXITS = { usage: 'a wrong call', internal: 'a fault of turnpike itself' } as const;

/** Options of every command. */
export const COMMON_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  'no-color': { type: 'boolean', says: 'no colour, wherever it goes (as NO_COLOR=1)' },
  help: { type: 'boolean', short: 'h', says: 'this text' },
};

/** The exit codes of a command with what they say, in their order. */
export function exitsOf({ exits }: CommandSpec): readonly (readonly [code: number, says: string])[] {
  const all = Object.entries({ ...exits, ...COMMON_EXITS }) as [keyof typeof EXIT, string][];
  return all.map(([name, says]) => [EXIT[name], says] as const).toSorted(([a], [b]) => a - b);
}

/** How an option is typed: `-H, --header FIELD`. */
export function optionCall(name: string, { short, value }: OptionSpec): string {
  return `${short === undefined ? '' : `-${short}, `}--${name}${value === undefined ? '' : ` ${value}`}`;
}

/** What an option does, with what it is where it is left out. */
export function optionSays({ says, default: value }: OptionSpec): string {
  return typeof value === 'string' ? `${says} (default: ${value})` : says;
}

/** Help of one command, of the same shape for all. */
export function renderCommandHelp(spec: CommandSpec, io: CliIo): string {
  const { bold } = colourFor(io, 'out');
  const options = Object.entries({ ...spec.options, ...COMMON_OPTIONS });
  const commands = spec.commands ?? [];
  const blocks = [
    [bold('Usage:'), ...spec.usage.map((call) => `  turnpike ${call}`)],
    spec.about.split('\n\n').flatMap((part, index) => [...(index === 0 ? [] : ['']), ...wrap(part)]),
    commands.length === 0 ? [] : [bold('Commands:'), ...table(commands.map(({ name, summary }) => [name, summary]))],
    [bold('Options:'), ...table(options.map(([name, option]) => [optionCall(name, option), optionSays(option)]))],
    [bold('Examples:'), ...spec.examples.flatMap(([call, says]) => [`  turnpike ${call}`, `      ${says}`])],
    [bold('Exit codes:'), ...table(exitsOf(spec).map(([code, says]) => [String(code), says]))],
  ];
  return asTyped(
    `${blocks
      .filter((lines) => lines.length > 0)
      .map((lines) => lines.join('\n'))
      .join('\n\n')}\n`,
    io.env,
  );
}

/** The list of all commands. */
export function renderHelp(io: CliIo): string {
  const { bold } = colourFor(io, 'out');
  const width = widthOf(
    Object.values(COMMAND_GROUPS)
      .flat()
      .map(({ name }) => name),
  );
  const groups = Object.entries(COMMAND_GROUPS).map(([title, specs]) =>
    [
      bold(`${title}:`),
      ...table(
        specs.map(({ name, summary }) => [name, summary]),
        width,
      ),
    ].join('\n'),
  );
  const text = [
    `${bold('Usage:')}\n  turnpike COMMAND [options]`,
    ...groups,
    ...wrap(
      'turnpike help COMMAND says how each is called. Settings come from the environment and .env (see .env.example), routes from routes.json.',
    ),
  ];
  return asTyped(
    `${text.slice(0, groups.length + 1).join('\n\n')}\n\n${text.slice(groups.length + 1).join('\n')}\n`,
    io.env,
  );
}

const LONGEST = 26;

function widthOf(texts: readonly string[]): number {
  return Math.max(...texts.map(({ length }) => length).filter((length) => length <= LONGEST), 0);
}

/** Two columns; what is too long for the first stands alone in its line. */
function table(rows: readonly (readonly [string, string])[], width = widthOf(rows.map(([left]) => left))): string[] {
  return rows.flatMap(([left, right]) => {
    const indent = width + 4;
    if (left.length > width) return [`  ${left}`, ...wrap(`${' '.repeat(indent)}${right}`, indent)];
    return wrap(`  ${left.padEnd(width)}  ${right}`, indent);
  });
}
