import { resolve } from 'node:path';
import { nameOfRoute } from '../config/route-name.ts';
import { wordsOfRoute } from '../config/route-words.ts';
import { withoutControls } from '../lib/printable.ts';
import type { Settings } from '../settings.ts';
import { askRunning, settingsHere } from './ask-running.ts';
import { AdminFault, NobodyThere } from './cli-faults.ts';
import { colourFor } from './colour.ts';
import { renderColumns, shorten } from './columns.ts';
import { type CliIo, print } from './io.ts';
import { perform } from './perform.ts';
import { readRoutes } from './read-routes.ts';
import { ROUTES } from './table/operating.ts';

/** A route as `GET /routes` tells it. */
interface Row {
  readonly name: string;
  readonly prefix: readonly string[];
  readonly methods: readonly string[] | null;
  readonly hosts: readonly string[] | null;
  readonly auth?: string;
  readonly limits?: readonly string[];
  readonly leadsTo?: string;
}

const PREFIX = 28;
const CELL = 22;

/** `turnpike routes`: the routes of the gateway that runs, or of a file. Resolves to the exit code. */
export async function runRoutes(argv: readonly string[], io: CliIo): Promise<number> {
  return perform(ROUTES, argv, io, async ({ values }) => {
    const rows = await find(io, settingsHere(io), values);
    if (values.json) return print(io, `${JSON.stringify(rows, null, 2)}\n`);
    if (rows.length === 0) return print(io, 'no routes\n');
    // Where all are named by their prefix, which is mostly so, a column of names would say nothing.
    const hasNames = rows.some((row) => row.name !== placeOf(row));
    const [head = '', ...lines] = renderColumns([
      [...(hasNames ? ['NAME'] : []), 'PREFIX', 'METHODS', 'AUTH', 'LEADS TO', 'LIMITS'],
      ...rows.map((row) => [
        // In full: other commands want it.
        ...(hasNames ? [withoutControls(row.name)] : []),
        shorten(placeOf(row), PREFIX),
        row.methods?.join(',') ?? 'any',
        shorten(row.auth ?? '-', CELL),
        shorten(row.leadsTo ?? '-', CELL),
        row.limits?.join('; ') || '-',
      ]),
    ]);
    return print(io, `${[colourFor(io, 'out').bold(head), ...lines].join('\n')}\n`);
  });
}

const placeOf = ({ hosts, prefix }: Row): string => `${hosts?.join(',') ?? ''}${prefix.join(',')}`;

interface Where {
  readonly file?: string | undefined;
  readonly admin?: string | undefined;
}

async function find(io: CliIo, settings: Settings, { file, admin }: Where): Promise<readonly Row[]> {
  if (file !== undefined) return readRows(io, resolve(file));
  try {
    const rows = await askRunning(io, settings, { method: 'GET', path: '/routes', origin: admin });
    if (!Array.isArray(rows)) throw new AdminFault('the gateway does not say which routes it has');
    return rows as readonly Row[];
  } catch (error) {
    if (!(error instanceof NobodyThere) || admin !== undefined) throw error;
    io.err(`No gateway runs (${error.message}): these are of ${settings.routesFile}.\n\n`);
    return readRows(io, settings.routesFile);
  }
}

async function readRows(io: CliIo, file: string): Promise<readonly Row[]> {
  const { config, hidden } = await readRoutes(file, io);
  return config.routes.map((route) => ({
    name: nameOfRoute(route),
    prefix: route.prefix,
    methods: route.methods ?? null,
    hosts: route.hosts ?? null,
    ...wordsOfRoute(route),
    leadsTo: hidden.hide(wordsOfRoute(route).leadsTo),
  }));
}
