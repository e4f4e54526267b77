import { withoutControls } from '../lib/printable.ts';
import { UsageError } from './cli-faults.ts';
import type { CommandSpec, OptionSpec, Takes } from './command.ts';
import { COMMON_OPTIONS } from './help.ts';
import { type CliIo, print } from './io.ts';
import { perform } from './perform.ts';
import { COMMAND_SPECS, COMPLETION } from './table/table.ts';

const SHELLS: Readonly<Record<string, () => string>> = { bash: renderBash, zsh: renderZsh };

/** `turnpike completion bash|zsh`: prints the script. Resolves to the exit code. */
export async function runCompletion(argv: readonly string[], io: CliIo): Promise<number> {
  return perform(COMPLETION, argv, io, ({ positionals }) => {
    const [shell = '', ...more] = positionals;
    const render = Object.hasOwn(SHELLS, shell) && more.length === 0 ? SHELLS[shell] : undefined;
    if (render === undefined)
      throw new UsageError(`say which shell: ${Object.keys(SHELLS).join(' or ')}, and not "${withoutControls(shell)}"`);
    return print(io, render());
  });
}

const all: readonly CommandSpec[] = COMMAND_SPECS.flatMap((spec) => [spec, ...(spec.commands ?? [])]);

/** What a value is completed with, for the scripts: a kind, or `=` and the words. */
function kindOf(takes: Takes | undefined): string {
  if (takes === undefined) return 'none';
  return typeof takes === 'string' ? takes : takes.length === 0 ? 'none' : `=${takes.join(' ')}`;
}

/** A `case` of POSIX shells: what is printed for which words. */
function renderCase(name: string, rows: readonly (readonly [pattern: string, text: string])[]): string {
  const lines = rows.map(([pattern, text]) => `    '${pattern}') echo '${text}' ;;`);
  return `${name}() {\n  case "$1" in\n${lines.join('\n')}\n  esac\n}`;
}

const optionsOf = ({ options }: CommandSpec): readonly (readonly [string, OptionSpec])[] =>
  Object.entries({ ...options, ...COMMON_OPTIONS });

/** The same for both shells: the table of commands as functions that print words. */
function renderTables(): string {
  const subCommands = COMMAND_SPECS.filter(({ commands = [] }) => commands.length > 0);
  const values = all.flatMap((spec) =>
    optionsOf(spec)
      .filter(([, { type }]) => type === 'string')
      .flatMap(([name, { takes, short }]) => {
        const kind = kindOf(takes);
        const long: readonly [string, string] = [`${spec.name} --${name}`, kind];
        return short === undefined ? [long] : [long, [`${spec.name} -${short}`, kind] as const];
      }),
  );
  const words = all.flatMap(({ name, words: taken = [] }) =>
    taken.map((takes, at) => [`${name} ${at === taken.length - 1 ? 'n' : at + 1}`, kindOf(takes)] as const),
  );
  return [
    renderCase(
      '_turnpike_options',
      all.map((spec) => [
        spec.name,
        optionsOf(spec)
          .map(([name]) => `--${name}`)
          .join(' '),
      ]),
    ),
    renderCase('_turnpike_value', values),
    renderCase('_turnpike_word', words),
    renderCase(
      '_turnpike_subs',
      subCommands.map(({ name, commands = [] }) => [
        name,
        commands.map((sub) => sub.name.slice(name.length + 1)).join(' '),
      ]),
    ),
  ].join('\n\n');
}

const NAMES = COMMAND_SPECS.map(({ name }) => name).join(' ');

/**
 * What is to be completed, told in `kind`: by the word before it, or by which word it is. `word_N` are read by the shell's
 * own way to its words, which is all that differs.
 */
function renderLogic(first: number, last: string, wordAt: string): string {
  return `  cmd='' sub='' count=0 kind='' i=${first}
  while [ "$i" -lt "${last}" ]; do
    word=${wordAt}
    case "$word" in
      -*) [ -n "$(_turnpike_value "$cmd$sub $word")" ] && i=$((i + 1)) ;;
      *)
        if [ -z "$cmd" ]; then cmd=$word
        elif [ -z "$sub" ] && [ -n "$(_turnpike_subs "$cmd")" ]; then sub=" $word"
        else count=$((count + 1)); fi ;;
    esac
    i=$((i + 1))
  done
  case "$prev" in
    -*) kind=$(_turnpike_value "$cmd$sub $prev") ;;
  esac
  if [ -z "$kind" ]; then
    case "$cur" in
      -*) kind="=$(_turnpike_options "$cmd$sub")" ;;
      *)
        if [ -z "$cmd" ]; then kind='=${NAMES}'
        elif [ -z "$sub" ] && [ -n "$(_turnpike_subs "$cmd")" ]; then kind="=$(_turnpike_subs "$cmd")"
        else
          kind=$(_turnpike_word "$cmd$sub $((count + 1))")
          [ -n "$kind" ] || kind=$(_turnpike_word "$cmd$sub n")
        fi ;;
    esac
  fi`;
}

function renderBash(): string {
  return `# bash completion of turnpike: source <(turnpike completion bash)

${renderTables()}

_turnpike() {
  local cur prev cmd sub count kind i word line
  COMPREPLY=()
  cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]}
  # bash takes --file=x apart.
  if [ "$cur" = '=' ]; then cur=''
  elif [ "$prev" = '=' ]; then prev=\${COMP_WORDS[COMP_CWORD-2]}; fi
${renderLogic(1, '$COMP_CWORD', '${COMP_WORDS[i]}')}
  case "$kind" in
    '' | none) return ;;
    file) compopt -o filenames 2>/dev/null; while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "$cur") ;;
    folder) compopt -o filenames 2>/dev/null; while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -d -- "$cur") ;;
    '='*)
      for word in \${kind#=}; do
        case "$word" in "$cur"*) COMPREPLY+=("$word") ;; esac
      done ;;
    *)
      cur=\${cur//\\\\/}
      while IFS= read -r line; do
        case "$line" in "$cur"*) COMPREPLY+=("$(printf %q "$line")") ;; esac
      done < <("$1" __complete "$kind" "\${COMP_WORDS[@]:1}" 2>/dev/null) ;;
  esac
}

complete -F _turnpike turnpike
`;
}

function renderZsh(): string {
  return `#compdef turnpike
# zsh completion of turnpike: source <(turnpike completion zsh), after compinit

${renderTables()}

_turnpike() {
  local cur prev cmd sub count kind i word
  cur=\${words[CURRENT]} prev=\${words[CURRENT-1]}
  case "$cur" in
    --*=*) prev=\${cur%%=*}; compset -P '*='; cur=$PREFIX ;;
  esac
${renderLogic(2, '$CURRENT', '${words[i]}')}
  case "$kind" in
    '' | none) return 1 ;;
    file) _files ;;
    folder) _files -/ ;;
    '='*) compadd -- \${=kind#=} ;;
    *) compadd -- "\${(@f)$("\${words[1]}" __complete "$kind" "\${(@)words[2,-1]}" 2>/dev/null)}" ;;
  esac
}

if [ "$funcstack[1]" = _turnpike ]; then _turnpike "$@"; else compdef _turnpike turnpike; fi
`;
}
