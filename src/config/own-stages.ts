import { statSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import type { Steps } from '../lib/steps.ts';
import { importModule, ModuleFault } from '../own/import-module.ts';
import { readModuleTree } from '../own/module-tree.ts';
import { type OwnDefinition, readDefinition } from '../own/read-definition.ts';
import { tellable } from '../own/tellable.ts';
import type { Stage } from '../stage.ts';
import { createOwnStage, findSchemaFault } from '../stages/own.ts';
import type { MergedFile } from './merge.ts';
import { type PlacedStage, placeOwnStages, type Standing } from './place-own-stages.ts';
import type { StageList } from './routes.ts';
import { type Entry, type Located, type LocatedObject, type Place, plainValue, type ReportAt } from './source.ts';
import { readUseEntry, type UseEntry } from './use.ts';

/** How long the import of a module may take: it may wait for something at its top level. */
const IMPORT_MS = 5_000;

/** The pipeline of a file, and what the file says by it. */
export interface WithOwnStages {
  readonly stages: StageList;
  /** With the key of each own stage in the routes that use it. */
  readonly merged: MergedFile;
  /** By the file of each stage. */
  readonly digests: ReadonlyMap<string, string>;
}

/** An own stage where the file names it. */
interface Used {
  readonly path: string;
  readonly entry: Exclude<UseEntry, string>;
  readonly place: Place;
}

/**
 * Imports the own stages that the file and its routes use, and puts them into the pipeline. Undefined where one of them
 * can't be had: that is reported, and to go on would tell its key as unknown.
 */
export function* gatherOwnStages(
  stages: StageList,
  merged: MergedFile,
  report: ReportAt,
  only?: ReadonlyMap<string, string>,
): Steps<WithOwnStages | undefined> {
  const ofFile = readUses(merged.top);
  const ofRoutes = merged.routes.map(readUses);
  const all = [...ofFile, ...ofRoutes.flat()];
  if (all.length === 0) return { stages, merged, digests: new Map() };
  const { used, isSound } = uniteUses(ofFile, all, report);
  if (only !== undefined && !areAllIn(only, used, report)) return undefined;
  const found = new Map<string, OwnDefinition>();
  const digests = new Map<string, string>();
  yield Promise.all(
    used.map(async (one) => {
      const digest = await importUsed(one, found, report);
      digests.set(displayName(one.path), digest);
    }),
  );
  if (!isSound || used.some(({ path }) => !found.has(path))) return undefined;
  const placed = used.map(({ path, entry, place }) => {
    const definition = withEntry(found.get(path) as OwnDefinition, entry);
    return {
      name: definition.name,
      at: placeOf(entry, definition),
      place,
      create: (stands: Standing) => stageOf({ ...definition, ...stands }, digests.get(displayName(path)) ?? ''),
    };
  });
  const list = placeOwnStages(stages, placed as readonly PlacedStage[], report);
  if (list === undefined) return undefined;
  const nameOf = (path: string): string => (found.get(path) as OwnDefinition).name;
  const routes = merged.routes.map((route, index) => withKeys(route, [...(ofRoutes[index] ?? []), ...ofFile], nameOf));
  const sorted = new Map([...digests].sort(([a], [b]) => (a < b ? -1 : 1)));
  return { stages: list, merged: { ...merged, routes }, digests: sorted };
}

/** Whether all of them are those that run already, to the letter: nothing else is imported for a trial. */
function areAllIn(only: ReadonlyMap<string, string>, used: readonly Used[], report: ReportAt): boolean {
  const others = used.filter(({ path }) => only.get(displayName(path)) !== readModuleTree(path).digest);
  for (const { entry, place } of others)
    report(place, `"${entry.stage}" is not in force as it is, so it is not imported for a trial`);
  return others.length === 0;
}

function readUses({ entries }: LocatedObject): readonly Used[] {
  const use: Located | undefined = entries.get('use')?.value;
  if (use?.kind !== 'array') return [];
  return use.items.flatMap((item) => {
    const entry = readUseEntry(plainValue(item));
    if (entry === undefined) return [];
    return [{ path: resolve(item.place.source.folder ?? '.', entry.stage), entry, place: item.place }];
  });
}

/**
 * Each file once: where it stands, and how it fails, goes for every route that has it. So the file may say it for all of
 * them, and no route for another one.
 */
function uniteUses(
  ofFile: readonly Used[],
  all: readonly Used[],
  report: ReportAt,
): { used: readonly Used[]; isSound: boolean } {
  const byPath = new Map<string, Used>();
  let isSound = true;
  for (const one of all) {
    const first = byPath.get(one.path);
    if (first === undefined) byPath.set(one.path, one);
    else if (wayOf(one) !== wayOf(first) && !(isBare(one) && ofFile.includes(first))) {
      isSound = false;
      report(
        one.place,
        `"${one.entry.stage}" is used in another way elsewhere`,
        'say the same wherever a route uses it, or say it in "use" of the file, and name the file alone elsewhere',
      );
    }
  }
  return { used: [...byPath.values()], isSound };
}

/** What is said of it beside its path, which each file writes from its own folder. */
function wayOf({ entry: { before, after, timeout, onError } }: Used): string {
  return JSON.stringify([before, after, timeout, onError]);
}

function isBare({ entry }: Used): boolean {
  return Object.keys(entry).length === 1;
}

/** What was imported last, by its file: what has not changed is the very same. */
const known = new Map<string, { readonly digest: string; readonly definition: OwnDefinition }>();

async function importUsed(
  { path, entry, place }: Used,
  found: Map<string, OwnDefinition>,
  report: ReportAt,
): Promise<string> {
  const tree = readModuleTree(path);
  try {
    for (const file of tree.files) assertFile(file, path);
    let module = known.get(path);
    if (module?.digest !== tree.digest) {
      const definition = readDefinition(await importModule(tree, IMPORT_MS), path);
      const fault = findSchemaFault(definition.schema);
      if (fault !== undefined) throw new ModuleFault(fault);
      module = { digest: tree.digest, definition };
      known.set(path, module);
    }
    found.set(path, module.definition);
  } catch (error) {
    // What it exports may be anything, and throw where it is read.
    const fault = error instanceof ModuleFault ? error : new ModuleFault(String(tellable(error)), {}, error);
    const where = fault.line > 0 ? `${displayName(fault.file ?? path)}:${fault.line}: ` : '';
    report(place, `"${entry.stage}" can't be used: ${where}${fault.message}`);
  }
  return tree.digest;
}

/** A pipe or a device would be waited for, and everything with it: only files are imported. */
function assertFile(file: string, stage: string): void {
  const stats = statSync(file, { throwIfNoEntry: false });
  if (stats === undefined && file === stage) throw new ModuleFault('there is no such file');
  if (stats !== undefined && !stats.isFile() && !stats.isDirectory())
    throw new ModuleFault(file === stage ? 'it is no file' : `${displayName(file)}, which it imports, is no file`);
  if (stats?.isDirectory() && file === stage) throw new ModuleFault('it is a folder');
}

function withEntry(definition: OwnDefinition, { timeout, onError }: Used['entry']): OwnDefinition {
  if (timeout === undefined && onError === undefined) return definition;
  return { ...definition, timeoutMs: timeout ?? definition.timeoutMs, onError: onError ?? definition.onError };
}

function placeOf({ before, after }: Used['entry'], { place }: OwnDefinition): OwnDefinition['place'] {
  if (before !== undefined) return { before };
  return after === undefined ? place : { after };
}

const madeOf = new WeakMap<object, Map<string, Stage>>();

/** The same stage for the same definition: a file that uses it as before has the pipeline that it had. */
function stageOf(definition: OwnDefinition, version: string): Stage {
  const ofModule = madeOf.get(definition.make) ?? new Map<string, Stage>();
  madeOf.set(definition.make, ofModule);
  const key = `${definition.timeoutMs} ${definition.onError} ${definition.seesCoded} ${definition.isBehindCache}`;
  const stage = ofModule.get(key) ?? createOwnStage(definition, version);
  ofModule.set(key, stage);
  return stage;
}

/** The route with the keys of those stages that it uses without a word about their options. */
function withKeys(route: LocatedObject, uses: readonly Used[], nameOf: (path: string) => string): LocatedObject {
  const missing = uses.filter(({ path }) => !route.entries.has(nameOf(path)));
  if (missing.length === 0) return route;
  const entries = new Map<string, Entry>(route.entries);
  for (const { path } of missing) {
    // What is wrong with it is wrong on this route, wherever the file names the stage.
    const name = nameOf(path);
    const place = { ...route.place, pointer: `${route.place.pointer}/${name}` };
    entries.set(name, { keyPlace: place, value: { kind: 'scalar', place, value: true } });
  }
  return { ...route, entries };
}

function displayName(path: string): string {
  const short = relative(process.cwd(), path);
  return short.startsWith('..') ? path : short;
}
