import { z } from 'zod';
import type { Steps } from '../lib/steps.ts';
import { type MatchOptions, matchKeys } from '../routing/keys.ts';
import type { AttachedDocument, DocumentsKey, FolderKey, Outside, Report } from '../stage.ts';
import { checkRoutes } from './check-routes.ts';
import { DocumentReader } from './documents.ts';
import { describeIssue } from './issue-words.ts';
import { type ReadableIssue, readIssues, unknownKey } from './issues.ts';
import type { MergedFile } from './merge.ts';
import { type FileOf, type FileShapes, gatherShapes, type StageList } from './routes.ts';
import { type Salvaged, salvageNamed, salvageRoute } from './salvage.ts';
import { checkShadows } from './shadow.ts';
import { findPlace, type LocatedObject, lineAndColumn, plainValue, type ReportAt } from './source.ts';

type ParsedRoute = MatchOptions & DocumentsKey & FolderKey & Record<string, unknown>;

/** A route as it was read, and where it is written. */
export interface WrittenRoute {
  readonly value: ParsedRoute;
  readonly located: LocatedObject;
  /** Keys whose value is wrong, where there are any: checks that look at them leave the route out. */
  readonly broken?: ReadonlySet<string>;
}

interface Parsed {
  readonly top: Record<string, unknown>;
  readonly routes: readonly WrittenRoute[];
  /** The same of the file: checks that look at them are left out. */
  readonly brokenKeys: ReadonlySet<string>;
  /** Services and other things with a name that are wrong, as `services/NAME`: no check says more of them. */
  readonly brokenNames: ReadonlySet<string>;
}

/** What was read, right or wrong: for whoever has more to say of it than what is at fault. */
export interface SeenFile {
  /** The keys of the whole file that could be read, without `routes`. */
  readonly top: Readonly<Record<string, unknown>>;
  readonly topAt: LocatedObject;
  readonly routes: readonly WrittenRoute[];
}

/**
 * The configuration that the files mean, checked by the schemas, by what concerns all routes, and by every stage.
 * When a fault was reported the result must not be used. A step is a route, or what one stage checks.
 */
export function* validateFile(
  stages: StageList,
  merged: MergedFile,
  report: ReportAt,
  outside: Outside,
  onSeen?: (seen: SeenFile) => void,
): Steps<FileOf<StageList>> {
  const shapes = gatherShapes(stages);
  const parsed = yield* parseMerged(stages, shapes, merged, report);
  onSeen?.({ top: parsed.top, topAt: merged.top, routes: parsed.routes });
  const { top, brokenKeys, brokenNames } = parsed;
  const reportOf =
    (routes: readonly WrittenRoute[]): Report =>
    (path, message, hint) => {
      const [first, index, ...rest] = path;
      if (brokenNames.has(`${first}/${index}`)) return;
      const route = first === 'routes' ? routes[Number(index)] : undefined;
      const { place } = route === undefined ? findPlace(merged.top, path) : findPlace(route.located, rest);
      report(place, message, hint);
    };
  const matching = withSound(parsed.routes, Object.keys(matchKeys));
  const keys = Object.keys(shapes.route);
  checkRoutes(matching, keys, reportOf(matching), (index) => renderPlace(matching[index]?.located));
  const sound = parsed.routes.filter(({ broken }) => broken === undefined);
  checkShadows(stages, sound, reportOf(sound));
  for (const stage of stages) {
    yield;
    const known = [...Object.keys(stage.fileKeys), ...Object.keys(stage.fileReads)];
    if (known.some((key) => brokenKeys.has(key))) continue;
    const routes = withSound(parsed.routes, [...Object.keys(stage.keys), ...Object.keys(stage.reads)]);
    const values = routes.map(({ value }) => value);
    const steps = stage.check?.(top, values, reportOf(routes), outside);
    if (steps !== undefined) yield* steps;
  }
  return { ...top, routes: parsed.routes.map(({ value }) => value) };
}

/** The routes in which none of these keys is wrong. */
function withSound(routes: readonly WrittenRoute[], keys: readonly string[]): readonly WrittenRoute[] {
  return routes.filter(({ broken }) => broken === undefined || !keys.some((key) => broken.has(key)));
}

function renderPlace(located: LocatedObject | undefined): string {
  return located === undefined ? '' : `${located.place.source.name}:${lineAndColumn(located.place).line}`;
}

interface LastLoad {
  readonly routes: ReadonlyMap<string, ParsedRoute>;
  readonly documents: DocumentReader['documents'];
}

// Routes of the last load by their text. On a reload most are the same: they need no second parsing, and being the
// very same objects they are compared at no cost.
const lastLoads = new WeakMap<FileShapes, LastLoad>();

function* parseMerged(stages: StageList, shapes: FileShapes, merged: MergedFile, report: ReportAt): Steps<Parsed> {
  for (const located of merged.defaults) parseAt(shapes.defaultsSchema, located, plainValue(located), report);
  const last = lastLoads.get(shapes);
  const reader = new DocumentReader(last?.documents);
  const byText = new Map<string, ParsedRoute>();
  const routes: WrittenRoute[] = [];
  for (const located of merged.routes) {
    yield;
    const plain = plainValue(located);
    const text = JSON.stringify(plain);
    const known = last?.routes.get(text) as Record<string, unknown> | undefined;
    const parsed = known ? { value: known } : parseRoute(shapes, located, plain, report);
    if (parsed === undefined) continue;
    const value = withNamed(parsed.value as ParsedRoute, located, stages, reader, report);
    const route: WrittenRoute = { ...parsed, value, located };
    if (route.broken === undefined) byText.set(text, route.value);
    routes.push(route);
  }
  lastLoads.set(shapes, { routes: byText, documents: reader.documents });
  return { ...(yield* parseTop(shapes, merged.top, report)), routes };
}

/** The route with what it names beside its file; the very same where it has that already, and nothing has changed. */
function withNamed(
  route: ParsedRoute,
  located: LocatedObject,
  stages: StageList,
  reader: DocumentReader,
  report: ReportAt,
): ParsedRoute {
  const documents = new Map<string, AttachedDocument>();
  for (const { path, name } of stages.flatMap((stage) => stage.documentsOf?.(route) ?? [])) {
    const { place } = findPlace(located, path);
    const found = reader.attach(name, place.source.folder ?? '.');
    if ('problem' in found) report(place, `"${name}": ${found.problem}`, found.hint);
    else documents.set(name, found);
  }
  const before = route.documents ?? new Map();
  const isSame = documents.size === before.size && [...documents].every(([name, found]) => before.get(name) === found);
  const folder = folderOf(route, located, stages);
  return isSame && folder === route.folder ? route : { ...route, documents, folder };
}

/** What the folder that a route names is relative to: the folder of the file in which that stands. */
function folderOf(route: ParsedRoute, located: LocatedObject, stages: StageList): string | undefined {
  const [path] = stages.flatMap((stage) => {
    const at = stage.folderAt?.(route);
    return at === undefined ? [] : [at];
  });
  return path === undefined ? undefined : findPlace(located, path).place.source.folder;
}

function parseRoute(
  { routeSchema }: FileShapes,
  located: LocatedObject,
  plain: unknown,
  report: ReportAt,
): { readonly value: Record<string, unknown>; readonly broken?: ReadonlySet<string> } | undefined {
  const result = parseAt(routeSchema, located, plain, report);
  return 'value' in result ? result : salvageRoute(routeSchema, plain, result.issues);
}

// Key by key, so that one wrong key does not keep the others from being checked against the routes.
function* parseTop(shapes: FileShapes, located: LocatedObject, report: ReportAt): Steps<Omit<Parsed, 'routes'>> {
  const top: Record<string, unknown> = {};
  const brokenKeys = new Set(reportUnknown(shapes, located, report));
  const brokenNames = new Set<string>();
  const values = plainValue(located) as Record<string, unknown>;
  for (const [key, schema] of Object.entries(shapes.top)) {
    yield;
    const parsed = parseKey(key, schema, values[key], located, report);
    if (parsed === undefined) brokenKeys.add(key);
    else if (parsed.value !== undefined) top[key] = parsed.value;
    for (const name of parsed?.broken ?? []) brokenNames.add(`${key}/${name}`);
  }
  return { top, brokenKeys, brokenNames };
}

function parseKey(
  key: string,
  schema: z.core.$ZodType,
  value: unknown,
  located: LocatedObject,
  report: ReportAt,
): Salvaged<unknown> | undefined {
  const result = z.safeParse(schema, value, { error: describeIssue });
  if (result.success) return { value: result.data, broken: NOTHING };
  const issues = readIssues(result.error.issues, value);
  for (const issue of issues) reportIssue(located, { ...issue, path: [key, ...issue.path] }, report);
  return salvageNamed(schema, value, issues);
}

const NOTHING: ReadonlySet<string> = new Set();

/** Reports keys that the file can't have; answers those that were probably meant. */
function reportUnknown(shapes: FileShapes, located: LocatedObject, report: ReportAt): readonly string[] {
  const known = ['$schema', 'defaults', ...Object.keys(shapes.top), 'routes'];
  return [...located.entries.keys()].flatMap((key) => {
    if (Object.hasOwn(shapes.top, key)) return [];
    const issue = unknownKey([key], key, known);
    reportIssue(located, issue, report);
    return issue.meant ?? [];
  });
}

function parseAt<T>(
  schema: z.ZodType<T>,
  located: LocatedObject,
  value: unknown,
  report: ReportAt,
): { readonly value: T } | { readonly issues: readonly ReadableIssue[] } {
  const result = schema.safeParse(value, { error: describeIssue });
  if (result.success) return { value: result.data };
  const issues = readIssues(result.error.issues, value);
  for (const issue of issues) reportIssue(located, issue, report);
  return { issues };
}

function reportIssue(root: LocatedObject, { path, message, hint, atKey }: ReadableIssue, report: ReportAt): void {
  const { place, keyPlace, isMissing } = findPlace(root, path);
  report(
    atKey === true ? keyPlace : place,
    isMissing ? `is missing: ${message.replace(/, got nothing$/, '')}` : message,
    hint,
  );
}
