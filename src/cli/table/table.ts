import type { CommandSpec } from '../command.ts';
import { CHECK, DIFF, INIT, OPENAPI, SCHEMA } from './configuration.ts';
import { DEBUG_TOKEN, KEY, TOKEN, USAGE } from './keys.ts';
import { BREAKER, DEV, ERRORS_COMMAND, LOG_LEVEL, PURGE, RECENT, RELOAD, ROUTES, STATUS } from './operating.ts';
import { EXPLAIN, TEST, WHAT_IF } from './trying.ts';

export const START = {
  name: 'start',
  summary: 'run the gateway (the default)',
  usage: ['start'],
  about:
    'Runs the gateway until SIGTERM or Ctrl-C. It takes no options: settings come from the environment and .env, routes from the routes file. It is what turnpike does without a word, too, where there is a routes.json, a .env or ROUTES_FILE; elsewhere that shows what there is.',
  options: {},
  examples: [['start', 'with the settings of .env']],
  exits: {
    ok: 'stopped, with all requests done',
    failed: 'it could not start, or not all requests were done in time',
    config: 'faults in the settings or the routes file',
  },
} as const satisfies CommandSpec;

export const COMPLETION = {
  name: 'completion',
  summary: 'print a script that completes this command line in a shell',
  usage: ['completion bash|zsh'],
  about:
    'Prints a script for bash or zsh that completes commands, options, files, and names of routes, services, consumers and error codes from the routes file. It completes the word turnpike: where that is no command, since npx runs it, a function makes it one: turnpike() { npx turnpike "$@"; }',
  options: {},
  words: [['bash', 'zsh'], []],
  examples: [
    ['completion bash > /etc/bash_completion.d/turnpike', 'for all'],
    ['completion zsh > "${fpath[1]}/_turnpike"', 'for yourself'],
  ],
  exits: { ok: 'printed' },
} as const satisfies CommandSpec;

export const HELP = {
  name: 'help',
  summary: 'say what a command does, and how it is called',
  usage: ['help [COMMAND]'],
  about: 'Says what a command does, with its options, examples and exit codes: as COMMAND --help, and COMMAND -h.',
  options: {},
  words: ['command', []],
  examples: [['help key create', 'a command of a command']],
  exits: { ok: 'told' },
} as const satisfies CommandSpec;

export const VERSION = {
  name: 'version',
  summary: 'print the version',
  usage: ['version'],
  about: 'Prints the version: as --version, and -v.',
  options: {},
  examples: [['version', 'for a report']],
  exits: { ok: 'printed' },
} as const satisfies CommandSpec;

/** All commands, by what one has in mind: help, completion and docs/cli.md tell these and no others, in this order. */
export const COMMAND_GROUPS: Readonly<Record<string, readonly CommandSpec[]>> = {
  'To run it': [START, DEV, INIT],
  'To know what a file does': [CHECK, TEST, EXPLAIN, WHAT_IF, DIFF, ROUTES, OPENAPI, SCHEMA],
  'To see how it is': [STATUS, RECENT, ERRORS_COMMAND, USAGE],
  'To act on what runs': [RELOAD, BREAKER, PURGE, LOG_LEVEL],
  'To let callers in': [KEY, TOKEN, DEBUG_TOKEN],
  'To work with this': [COMPLETION, HELP, VERSION],
};

export const COMMAND_SPECS: readonly CommandSpec[] = Object.values(COMMAND_GROUPS).flat();

/** The command of these words, or its sub-command; and how many of the words that took. */
export function findCommand(words: readonly string[]): CommandSpec | undefined {
  const [name = '', sub = ''] = words;
  const command = COMMAND_SPECS.find((one) => one.name === name);
  return command?.commands?.find((one) => one.name === `${name} ${sub}`) ?? command;
}
