import { z } from 'zod';
import type { Steps } from '../lib/steps.ts';
import type { MatchOptions } from '../routing/keys.ts';
import type { AttachedDocument, DocumentsKey, FolderKey, Outside, Report } from '../stage.ts';
import { checkRoutes } from './check-routes.ts';
import { DocumentReader } from './documents.ts';
import { describeIssue } from './issue-words.ts';
import { type ReadableIssue, readIssues, unknownKey } from './issues.ts';
import type { MergedFile } from './merge.ts';
import { type FileOf, type FileShapes, gatherShapes, type StageList } from './routes.ts';
import { checkShadows } from './shadow.ts';
import { findPlace, type LocatedObject, lineAndColumn, plainValue, type ReportAt } from './source.ts';

type ParsedRoute = MatchOptions & DocumentsKey & FolderKey & Record<string, unknown>;

interface Parsed {
  readonly top: Record<string, unknown>;
  readonly routes: { readonly value: ParsedRoute; readonly located: LocatedObject }[];
  /** Keys of the file whose value is wrong: checks that rely on them are left out. */
  readonly brokenKeys: ReadonlySet<string>;
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
): Steps<FileOf<StageList>> {
  const shapes = gatherShapes(stages);
  const parsed = yield* parseMerged(stages, shapes, merged, report);
  const { top, brokenKeys } = parsed;
  const routes = parsed.routes.map(({ value }) => value);
  const reportPath: Report = (path, message, hint) => {
    const [first, index, ...rest] = path;
    const route = first === 'routes' ? parsed.routes[Number(index)] : undefined;
    const { place } = route === undefined ? findPlace(merged.top, path) : findPlace(route.located, rest);
    report(place, message, hint);
  };
  checkRoutes(routes, Object.keys(shapes.route), reportPath, (index) => renderPlace(parsed.routes[index]?.located));
  checkShadows(stages, parsed.routes, reportPath);
  for (const stage of stages) {
    yield;
    const known = [...Object.keys(stage.fileKeys), ...Object.keys(stage.fileReads)];
    if (known.some((key) => brokenKeys.has(key))) continue;
    const steps = stage.check?.(top, routes, reportPath, outside);
    if (steps !== undefined) yield* steps;
  }
  return { ...top, routes };
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
  const routes: Parsed['routes'] = [];
  for (const located of merged.routes) {
    yield;
    const plain = plainValue(located);
    const text = JSON.stringify(plain);
    const parsed =
      last?.routes.get(text) ?? (parseAt(shapes.routeSchema, located, plain, report) as ParsedRoute | undefined);
    if (parsed === undefined) continue;
    const value = withNamed(parsed, located, stages, reader, report);
    byText.set(text, value);
    routes.push({ value, located });
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
    if ('problem' in found) report(place, `"${name}": ${found.problem}`);
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

// Key by key, so that one wrong key does not keep the others from being checked against the routes.
function* parseTop(
  shapes: FileShapes,
  located: LocatedObject,
  report: ReportAt,
): Steps<Pick<Parsed, 'top' | 'brokenKeys'>> {
  const top: Record<string, unknown> = {};
  const brokenKeys = new Set<string>();
  const value = plainValue(located) as Record<string, unknown>;
  for (const [key, schema] of Object.entries(shapes.top)) {
    yield;
    const result = z.safeParse(schema, value[key], { error: describeIssue });
    if (!result.success) {
      brokenKeys.add(key);
      for (const issue of readIssues(result.error.issues, value[key])) {
        reportIssue(located, { ...issue, path: [key, ...issue.path] }, report);
      }
    } else if (result.data !== undefined) {
      top[key] = result.data;
    }
  }
  const known = ['$schema', 'defaults', ...Object.keys(shapes.top), 'routes'];
  for (const key of located.entries.keys()) {
    if (!Object.hasOwn(shapes.top, key)) reportIssue(located, unknownKey([key], key, known), report);
  }
  return { top, brokenKeys };
}

function parseAt<T>(schema: z.ZodType<T>, located: LocatedObject, value: unknown, report: ReportAt): T | undefined {
  const result = schema.safeParse(value, { error: describeIssue });
  if (result.success) return result.data;
  for (const issue of readIssues(result.error.issues, value)) reportIssue(located, issue, report);
  return undefined;
}

function reportIssue(root: LocatedObject, { path, message, hint, atKey }: ReadableIssue, report: ReportAt): void {
  const { place, keyPlace, isMissing } = findPlace(root, path);
  report(
    atKey === true ? keyPlace : place,
    isMissing ? `is missing: ${message.replace(/, got nothing$/, '')}` : message,
    hint,
  );
}
