import { parse } from 'jsonc-parser';
import { readRouteFiles } from '../config/read-files.ts';
import { nameOfRoute } from '../config/route-name.ts';
import { ERRORS } from '../errors.ts';
import { withoutControls } from '../lib/printable.ts';
import { settingsHere } from './ask-running.ts';
import type { CliIo } from './io.ts';
import { EXIT } from './io.ts';
import { COMMAND_SPECS } from './table/table.ts';

type Kind = 'route' | 'service' | 'consumer' | 'code' | 'command';

const CANDIDATES: Readonly<Record<Kind, (file: () => RawFile[]) => readonly string[]>> = {
  route: (file) => file().flatMap(({ routes }) => listOf(routes).flatMap(routeName)),
  service: (file) => file().flatMap(({ services }) => (isRow(services) ? Object.keys(services) : [])),
  consumer: (file) => file().flatMap(({ consumers }) => listOf(consumers).flatMap(({ name }) => textsOf(name))),
  code: () => Object.keys(ERRORS),
  command: () => COMMAND_SPECS.map(({ name }) => name),
};

/**
 * `turnpike __complete KIND WORD...`: a line for each value that a shell may complete with. The files are read as they
 * are, without own stages and without secrets, and whatever is wrong with them: a shell is told nothing but values.
 */
export async function runComplete([kind = '', ...words]: readonly string[], io: CliIo): Promise<number> {
  if (!Object.hasOwn(CANDIDATES, kind)) return EXIT.usage;
  const at = words.indexOf('--file');
  const named = at < 0 ? undefined : words[at + 1];
  try {
    const values = CANDIDATES[kind as Kind](() => readRaw(named ?? settingsHere(io).routesFile));
    const shown = [...new Set(values)].filter((value) => !value.includes('${') && withoutControls(value) === value);
    if (shown.length > 0) await io.out(`${shown.join('\n')}\n`);
  } catch {
    // No settings, no file, or none that can be read: there is nothing to offer.
  }
  return EXIT.ok;
}

type RawFile = Readonly<Record<string, unknown>>;

function readRaw(file: string): RawFile[] {
  return readRouteFiles(file).flatMap(({ source }) => {
    const root: unknown = parse(source.text, [], { allowTrailingComma: true });
    return isRow(root) ? [root] : [];
  });
}

/** As it is called in log and metrics, as far as the row itself says so. */
function routeName({ name, methods, hosts, prefix, exact, pathRegex, headers }: RawFile): string[] {
  if (textsOf(prefix).length === 0) return [];
  return [
    nameOfRoute({
      name: textsOf(name)[0],
      prefix: textsOf(prefix),
      exact: exact === true,
      ...(methods !== undefined && { methods: textsOf(methods) }),
      ...(hosts !== undefined && { hosts: textsOf(hosts) }),
      ...(typeof pathRegex === 'string' && { pathRegex }),
      ...(isRow(headers) && { headers: headers as Record<string, string> }),
    } as Parameters<typeof nameOfRoute>[0]),
  ];
}

const isRow = (value: unknown): value is RawFile =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const listOf = (value: unknown): readonly RawFile[] => (Array.isArray(value) ? value.filter(isRow) : []);

const textsOf = (value: unknown): readonly string[] => [value].flat().filter((one) => typeof one === 'string');
