import { z } from 'zod';
import type { Unite } from '../lib/unite.ts';
import { matchKeys } from '../routing/keys.ts';
import type { DocumentsKey, ShadowKey, Stage } from '../stage.ts';
import type { STAGES } from '../stages.ts';
import { createShadowKey } from './shadow.ts';
import { USE_KEYS } from './use.ts';

/** The stages of a pipeline, first to last; each is typed by its own keys, and here they are all alike. */
export type StageList = readonly Stage[];

type Shape<T> = T extends z.ZodRawShape ? T : never;

const routeKeys = {
  name: z
    .string()
    .regex(/^[A-Za-z0-9][\w.:-]{0,63}$/, { error: 'expected up to 64 letters, digits, ".", ":", "-" or "_"' })
    .optional()
    .describe('Names the route in logs, metrics and the dashboard. Default: all of its conditions.'),
  ...matchKeys,
};

/** Keys of a route that are no default: those that tell routes apart, and one that would open routes by accident. */
const NEVER_DEFAULT = ['name', 'prefix', 'shadow'];

type RouteShape<L extends StageList> = Unite<typeof routeKeys | L[number]['keys']>;
type TopShape<L extends StageList> = Unite<L[number]['fileKeys']>;

/** One route as the stages get it: defaults merged, values parsed. */
export type RouteOf<L extends StageList> = z.output<z.ZodObject<Shape<RouteShape<L>>>> & ShadowKey & DocumentsKey;
/** The whole configuration: the keys of the file, and the routes. */
export type FileOf<L extends StageList> = z.output<z.ZodObject<Shape<TopShape<L>>>> & {
  readonly routes: readonly RouteOf<L>[];
};

export type RouteConfig = RouteOf<typeof STAGES>;
export type FileConfig = FileOf<typeof STAGES>;

/** The parts of the file's schema; what a stage does not own does not exist. */
export interface FileShapes {
  /** `name`, the conditions, and every stage's keys. */
  readonly route: z.ZodRawShape;
  /** The same where they stand in `defaults`: none is required. */
  readonly defaults: z.ZodRawShape;
  /** Every stage's keys of the whole file. */
  readonly top: z.ZodRawShape;
  readonly routeSchema: z.ZodType<Record<string, unknown>>;
  readonly defaultsSchema: z.ZodType<Record<string, unknown>>;
}

// zod compiles a schema when it first parses, which costs more than the parsing of a small file.
const shapesOf = new WeakMap<StageList, FileShapes>();

/** Gathers the keys of all stages. Throws when two own the same key, or one reads what nobody owns: bugs in the list. */
export function gatherShapes(stages: StageList): FileShapes {
  const known = shapesOf.get(stages);
  if (known !== undefined) return known;
  const route: Record<string, z.core.$ZodType> = { ...routeKeys };
  const top: Record<string, z.core.$ZodType> = {};
  for (const stage of stages) {
    addKeys(route, stage.keys, stage.name);
    addKeys(top, stage.fileKeys, stage.name);
  }
  addKeys(route, createShadowKey(stages), 'shadow');
  addKeys(route, USE_KEYS.route, 'use');
  addKeys(top, USE_KEYS.top, 'use');
  for (const { name, reads, fileReads } of stages) {
    checkReads(route, reads, name);
    checkReads(top, fileReads, name);
  }
  const allowed = Object.entries(route).filter(([key]) => !NEVER_DEFAULT.includes(key));
  const defaults = z.object(Object.fromEntries(allowed)).partial().shape;
  const schemas = { routeSchema: z.strictObject(route), defaultsSchema: z.strictObject(defaults) };
  const shapes: FileShapes = { route, defaults, top, ...schemas };
  shapesOf.set(stages, shapes);
  return shapes;
}

function addKeys(shape: Record<string, z.core.$ZodType>, keys: z.ZodRawShape, stage: string): void {
  for (const [key, schema] of Object.entries(keys)) {
    if (Object.hasOwn(shape, key)) throw new Error(`stage ${stage}: the key "${key}" has another owner already`);
    shape[key] = schema;
  }
}

/** What a stage reads is typed by the schema that it names, so that must be the owner's. */
function checkReads(shape: Readonly<Record<string, z.core.$ZodType>>, reads: z.ZodRawShape, stage: string): void {
  for (const [key, schema] of Object.entries(reads)) {
    if (shape[key] !== schema) throw new Error(`stage ${stage}: the key "${key}" that it reads has no such owner`);
  }
}

/** The schema of the whole file, which the JSON Schema for editors is made from. */
export function createFileSchema(stages: StageList) {
  const shapes = gatherShapes(stages);
  return z.strictObject({
    $schema: z.string().optional().describe('Where the JSON Schema of this file is, for editors.'),
    defaults: z
      .strictObject(shapes.defaults)
      .optional()
      .describe('Merged under every route of this file: objects merge deeply, lists replace, null removes.'),
    ...shapes.top,
    routes: z
      .array(z.strictObject(shapes.route))
      .optional()
      .describe('What is forwarded where: the longest fitting prefix decides.'),
  });
}

/** A route with nothing but these keys and every stage's own defaults; for the route that refuses what none matches. */
export function parseBareRoute(stages: StageList, keys: Readonly<Record<string, unknown>>): RouteConfig {
  return gatherShapes(stages).routeSchema.parse(keys) as RouteConfig;
}
