import { type Entry, type Located, type LocatedObject, lineAndColumn, type ReportAt } from './source.ts';

/** A route with the defaults of its file under it. */
export interface MergedFile {
  /** The keys of the whole file, from all files, without `routes`, `defaults` and `$schema`. */
  readonly top: LocatedObject;
  readonly routes: readonly LocatedObject[];
  readonly defaults: readonly LocatedObject[];
}

/**
 * Joins routes.json and the files of routes.d, in this order.
 *
 * Lists are appended to, objects united, a single value may be set once. Each file's `defaults` reach its own routes.
 */
export function mergeFiles(main: LocatedObject, fragments: readonly LocatedObject[], report: ReportAt): MergedFile {
  const files = [main, ...fragments];
  const entries = new Map<string, Entry>();
  const routes: LocatedObject[] = [];
  const defaults: LocatedObject[] = [];
  for (const file of files) {
    const own = objectIn(file, 'defaults', report);
    if (own !== undefined) defaults.push(own);
    routes.push(...objectsIn(file, 'routes', report).map((route) => mergeDefaults(own, route)));
    uniteFile(entries, file, report);
  }
  const top: LocatedObject = { ...main, entries };
  reportDuplicateNames(top, routes, report);
  return { top, routes, defaults };
}

/** Keys that each file keeps to itself. */
const OWN_KEYS = ['$schema', 'defaults', 'routes'];

function uniteFile(entries: Map<string, Entry>, file: LocatedObject, report: ReportAt): void {
  for (const [key, entry] of file.entries) {
    if (OWN_KEYS.includes(key)) continue;
    const first = entries.get(key);
    entries.set(key, first === undefined ? entry : uniteEntries(key, first, entry, report));
  }
}

function objectIn(file: LocatedObject, key: string, report: ReportAt): LocatedObject | undefined {
  const entry = file.entries.get(key);
  if (entry?.value.kind === 'object') return entry.value;
  if (entry !== undefined) report(entry.value.place, 'expected an object');
  return undefined;
}

function objectsIn(file: LocatedObject, key: string, report: ReportAt): LocatedObject[] {
  const entry = file.entries.get(key);
  if (entry === undefined) return [];
  if (entry.value.kind !== 'array') {
    report(entry.value.place, 'expected a list');
    return [];
  }
  return entry.value.items.filter((item) => {
    if (item.kind !== 'object') report(item.place, 'expected an object');
    return item.kind === 'object';
  });
}

/** Puts defaults under a route: objects merge deeply, lists replace, `null` removes. */
export function mergeDefaults(defaults: LocatedObject | undefined, route: LocatedObject): LocatedObject {
  const entries = new Map<string, Entry>();
  for (const [key, entry] of route.entries) {
    if (isNull(entry.value)) continue;
    const under = defaults?.entries.get(key);
    const isDeep = under?.value.kind === 'object' && entry.value.kind === 'object';
    entries.set(
      key,
      isDeep ? { ...entry, value: mergeDefaults(under.value as LocatedObject, entry.value as LocatedObject) } : entry,
    );
  }
  for (const [key, entry] of defaults?.entries ?? []) {
    if (!route.entries.has(key) && !isNull(entry.value)) entries.set(key, entry);
  }
  return { ...route, entries };
}

function isNull(value: Located): boolean {
  return value.kind === 'scalar' && value.value === null;
}

function uniteEntries(key: string, first: Entry, second: Entry, report: ReportAt): Entry {
  if (first.value.kind === 'array' && second.value.kind === 'array') {
    return { ...first, value: { ...first.value, items: [...first.value.items, ...second.value.items] } };
  }
  if (first.value.kind === 'object' && second.value.kind === 'object') {
    const entries = new Map(first.value.entries);
    for (const [name, entry] of second.value.entries) {
      const other = entries.get(name);
      if (other === undefined) entries.set(name, entry);
      else report(entry.keyPlace, `"${name}" is already in ${key}`, renderFirst(other));
    }
    return { ...first, value: { ...first.value, entries } };
  }
  report(second.keyPlace, `"${key}" is already set`, renderFirst(first));
  return first;
}

function renderFirst({ keyPlace }: Pick<Entry, 'keyPlace'>): string {
  return `The first is at ${keyPlace.source.name}:${lineAndColumn(keyPlace).line}.`;
}

/** What tells the entries of a list apart: consumers and routes have a name, an issuer is its own name. */
const NAMING_KEYS = ['name', 'issuer'];

function reportDuplicateNames(top: LocatedObject, routes: readonly LocatedObject[], report: ReportAt): void {
  reportDuplicatesIn('routes', routes, report);
  for (const [key, { value }] of top.entries) {
    if (value.kind === 'array') reportDuplicatesIn(key, value.items, report);
  }
}

function reportDuplicatesIn(list: string, items: readonly Located[], report: ReportAt): void {
  const seen = new Map<unknown, Located>();
  for (const item of items) {
    const name = nameOf(item);
    if (name?.kind !== 'scalar' || typeof name.value !== 'string') continue;
    const first = seen.get(name.value);
    if (first === undefined) seen.set(name.value, name);
    else report(name.place, `"${name.value}" is already in ${list}`, renderFirst({ keyPlace: first.place }));
  }
}

function nameOf(item: Located): Located | undefined {
  if (item.kind !== 'object') return undefined;
  for (const key of NAMING_KEYS) {
    const entry = item.entries.get(key);
    if (entry !== undefined) return entry.value;
  }
  return undefined;
}
