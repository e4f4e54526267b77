import type { CommandSpec } from '../../src/cli/command.ts';
import { COMMON_OPTIONS, exitsOf, optionCall, optionSays } from '../../src/cli/help.ts';
import { EXIT } from '../../src/cli/io.ts';
import { COMMAND_GROUPS } from '../../src/cli/table/table.ts';

/** What each code says, whichever command it comes from. */
const CODES: Readonly<Record<keyof typeof EXIT, string>> = {
  ok: 'Done; where something was asked, the answer is yes.',
  failed:
    'The answer is no, or it was not done: a finding, a difference, a failed case, a degraded gateway, a name that is not there.',
  refusedClient: '`explain` alone: the request would be refused with a 4xx.',
  refusedServer: '`explain` alone: the request would be refused with a 5xx.',
  usage: 'The call is wrong: an unknown command or option, a word too many or too few.',
  unavailable: 'What had to be asked does not answer: the gateway at its admin port, or Redis.',
  internal: 'A fault of turnpike itself; please report it.',
  config:
    'A file or a setting is at fault: it is missing, can not be read, or says what it may not; or ADMIN_TOKEN is wrong.',
};

/** docs/cli.md: what the table of commands says. */
export function renderCliPage(): string {
  const groups = Object.entries(COMMAND_GROUPS).map(
    ([title, specs]) => `## ${title}\n\n${specs.flatMap(withSubCommands).map(renderCommand).join('\n')}`,
  );
  const codes = Object.entries(EXIT).map(([name, code]) => `| ${code} | ${CODES[name as keyof typeof EXIT]} |`);
  return `# The command line

<!-- Written by "npm run docs" from src/cli/table/. -->

${LISTS}

Type \`turnpike\` as it is installed: \`npx turnpike\` in a project, \`npm run turnpike --\` in a clone. \`turnpike help\` lists the
commands; \`turnpike help COMMAND\`, \`COMMAND --help\` and \`COMMAND -h\` say what stands here of one.

Commands that ask a running gateway find it by \`ADMIN_HOST\` and \`ADMIN_PORT\`, or by \`--admin URL\`, and show it \`ADMIN_TOKEN\`
of the environment or of \`.env\`.

**Colours** are for terminals: a pipe and a file get none. Neither does anybody with \`--no-color\` or with \`NO_COLOR\`
([no-color.org](https://no-color.org)) set to anything; \`FORCE_COLOR=1\` has them where there is no terminal. What takes longer
than a second says so on standard error, where that is a terminal, and leaves nothing there.

**Completion** is one line: in bash \`source <(turnpike completion bash)\`, in zsh \`source <(turnpike completion zsh)\` after
\`compinit\`. It knows commands, options, files and words, and by the routes file of \`ROUTES_FILE\` the names of routes, services
and consumers. It completes the word \`turnpike\`; where that is no command, a function makes it one, before the script is read:
\`turnpike() { npx turnpike "$@"; }\` in a project (with \`npx turnpike completion bash\`), \`turnpike() { npm run -s turnpike -- "$@"; }\`
in a clone.

## Exit codes

| code | |
|---|---|
${codes.join('\n')}

A signal ends a command as a shell expects: 130 by Ctrl-C, 143 by SIGTERM.

${groups.join('\n')}`;
}

const LISTS = Object.values(COMMAND_GROUPS)
  .map((specs) => specs.map(({ name }) => `[${name}](#turnpike-${name})`).join(', '))
  .join(',\n');

const withSubCommands = (spec: CommandSpec): readonly CommandSpec[] => [spec, ...(spec.commands ?? [])];

function renderCommand(spec: CommandSpec): string {
  const options = Object.entries(spec.options).filter(([name]) => !Object.hasOwn(COMMON_OPTIONS, name));
  const isParent = (spec.commands ?? []).length > 0;
  const parts = [
    `### turnpike ${spec.name}`,
    fenced(spec.usage.map((call) => `turnpike ${call}`)),
    escapeText(spec.about),
    // Those of its sub-commands stand with them.
    options.length === 0 || isParent ? '' : renderOptions(options),
    fenced(spec.examples.flatMap(([call, says]) => [`# ${says}`, `turnpike ${call}`])),
    `Exit codes: ${exitsOf(spec)
      .map(([code, says]) => `${code} ${escapeText(says)}`)
      .join('; ')}.`,
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

function renderOptions(options: readonly (readonly [string, CommandSpec['options'][string]])[]): string {
  const rows = options.map(
    ([name, option]) =>
      `| \`${optionCall(name, option).replaceAll('|', '\\|')}\` | ${escapeText(optionSays(option))} |`,
  );
  return `| option | |\n|---|---|\n${rows.join('\n')}`;
}

const fenced = (lines: readonly string[]): string => `\`\`\`text\n${lines.join('\n')}\n\`\`\``;

function escapeText(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('*', '\\*');
}
