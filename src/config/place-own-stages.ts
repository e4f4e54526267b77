import { findNearest } from '../nearest-word.ts';
import type { Stage } from '../stage.ts';
import { gatherShapes, type StageList } from './routes.ts';
import type { Place, ReportAt } from './source.ts';

/** Where it stands in the end, as far as it matters to it. */
export interface Standing {
  /** Before `compress`: it sees answers as they leave. */
  readonly seesCoded: boolean;
  /** The cache has looked by then. */
  readonly isBehindCache: boolean;
}

/** An own stage, and where it is to stand. */
export interface PlacedStage {
  readonly name: string;
  readonly at: { readonly before?: string; readonly after?: string };
  readonly place: Place;
  create(stands: Standing): Stage;
}

/** Behind what makes an answer readable and every request seen, and what matched no route. */
const FIRST_BEHIND = 'refuse';
/** Where the file and the stage say nothing: behind all guards, with plain answers to look at. */
const USUAL = 'response';

/** What stands before it sees answers as they leave. */
const COMPRESS = 'compress';
/** What stands behind it runs only where the service is asked. */
const CACHE = 'cache';

/** The last list that was made of a pipeline: what is placed as before is the very same. */
const last = new WeakMap<StageList, { readonly parts: readonly unknown[]; readonly list: StageList }>();

/** The pipeline with these stages in it; undefined where one has no place, which is reported. */
export function placeOwnStages(
  stages: StageList,
  placed: readonly PlacedStage[],
  report: ReportAt,
): StageList | undefined {
  const before = new Map<number, Stage[]>();
  const taken = namesIn(stages);
  const parts: unknown[] = [];
  for (const one of placed) {
    const index = findIndex(stages, one, report);
    if (taken.has(one.name))
      report(
        one.place,
        `the name of this stage, "${one.name}", is taken`,
        'choose another one: it is its key in a route',
      );
    if (index === undefined || taken.has(one.name)) continue;
    taken.add(one.name);
    const stage = one.create({
      seesCoded: index <= stages.findIndex(({ name }) => name === COMPRESS),
      isBehindCache: namesBefore(stages, index).includes(CACHE),
    });
    before.set(index, [...(before.get(index) ?? []), stage]);
    parts.push(stage, index);
  }
  if (parts.length < 2 * placed.length) return undefined;
  const known = last.get(stages);
  if (known !== undefined && known.parts.length === parts.length && known.parts.every((part, at) => part === parts[at]))
    return known.list;
  const list = stages.flatMap((stage, index) => [...(before.get(index) ?? []), stage]);
  last.set(stages, { parts, list });
  return list;
}

function namesBefore(stages: StageList, index: number): readonly string[] {
  return stages.slice(0, index).map(({ name }) => name);
}

function namesIn(stages: StageList): Set<string> {
  const { route, top } = gatherShapes(stages);
  const names = stages.map(({ name }) => name);
  return new Set([...names, ...Object.keys(route), ...Object.keys(top), 'routes', 'defaults', 'documents', 'folder']);
}

/** The stage of the list that it comes right before. */
function findIndex(stages: StageList, { at, place }: PlacedStage, report: ReportAt): number | undefined {
  const names = stages.map(({ name }) => name);
  const { before, after } = at;
  const anchor = before ?? after ?? (names.includes(USUAL) ? USUAL : (names.at(-1) as string));
  const found = names.indexOf(anchor);
  if (found === -1) {
    const nearest = findNearest(anchor, names);
    const hint = nearest === undefined ? `Stages are: ${names.join(', ')}.` : `did you mean "${nearest}"?`;
    report(
      place,
      `there is no stage "${anchor}" that this one could stand ${before === undefined ? 'after' : 'before'}`,
      hint,
    );
    return undefined;
  }
  const index = after === undefined ? found : found + 1;
  if (index > names.indexOf(FIRST_BEHIND) && index < names.length) return index;
  const hint = `the first place is after "${FIRST_BEHIND}", the last one before "${names.at(-1)}"`;
  report(place, 'no own stage stands there: what every request and every answer needs is done there', hint);
  return undefined;
}
