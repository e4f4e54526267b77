import type { FileConfig, RouteConfig, StageList } from '../../config/routes.ts';
import type { Stage } from '../../stage.ts';
import { STAGES } from '../../stages.ts';

/** The stages whose decision is made anew: by the request and its caller alone, at once, with nothing counted. */
const JUDGED = new Set(
  'sanitizeHeaders cors requestId preflight errors refuse deprecation ipAccess maintenance authenticate authorize bodyLimit validate respond redirect idempotency request'.split(
    ' ',
  ),
);

/** They count, or look at what others have in flight: told from their options, since their counts are of another time. */
const LIMITS = new Set('gatewayLimit concurrency rateLimit'.split(' '));

/** They read a body, which is not kept; or ask somebody, or other routes. */
const UNKNOWABLE: ReadonlyMap<string, string> = new Map([
  ['validate', 'a body schema'],
  ['graphql', 'a body of GraphQL'],
  ['graphqlCost', 'a body of GraphQL'],
  ['mcp', 'a body of MCP'],
  ['mcpLimit', 'a body of MCP'],
  ['mcpLists', 'a body of MCP'],
  ['modelTokens', 'a body for a model'],
  ['openapi', 'a body, by an OpenAPI document'],
  ['files', 'the files of a folder'],
  ['aggregate', 'an aggregate asks other routes'],
  ['websocket', 'a handshake'],
  ['bodyLimit', 'a body that announced no length'],
  ['idempotency', 'what became of its key'],
  ['fault', 'a fault on purpose, by chance'],
  ['selfService', 'a body'],
]);

/** They change nothing of whether a request passes. */
const SILENT = new Set('accessLog addressBan callerBan'.split(' '));

/** They edit what service or client are told, or make the call. */
const TOLD = new Set(
  'securityHeaders me resourceMetadata serviceTokens compress response normalize cache forward'.split(' '),
);

const OWNERS = new Set<string>(STAGES.map(({ name }) => name));

/** What is judged, and tells clients something besides. */
const JUDGED_AND_TOLD = new Set('cors deprecation errors idempotency request'.split(' '));

/** Whether other words for the stage may mean another request for the service, or another answer. */
export function isTold(name: string): boolean {
  return dealtWith(name) === 'told' || JUDGED_AND_TOLD.has(name);
}

/** How a stage is dealt with, by its name. */
export type Dealt = 'judged' | 'limit' | 'unknowable' | 'own' | 'silent' | 'told';

export function dealtWith(name: string): Dealt {
  if (SILENT.has(name)) return 'silent';
  if (JUDGED.has(name)) return 'judged';
  if (UNKNOWABLE.has(name)) return 'unknowable';
  if (LIMITS.has(name)) return 'limit';
  if (TOLD.has(name)) return 'told';
  // Of a stage that nobody has put here nothing is foretold.
  return OWNERS.has(name) ? 'unknowable' : 'own';
}

/** Why nobody can tell what the stage would do. */
export function whyUnknowable(name: string): string {
  return UNKNOWABLE.get(name) ?? (OWNERS.has(name) ? 'it is not tried' : 'an own stage');
}

const trials = new WeakMap<StageList, StageList>();

/** The same pipeline with nothing in it but what is judged: no connection is made, and no own code runs. */
export function judgedStages(stages: StageList): StageList {
  const known = trials.get(stages);
  if (known !== undefined) return known;
  const trial = stages.map((stage) => (dealtWith(stage.name) === 'judged' ? stage : idle(stage)));
  trials.set(stages, trial);
  return trial;
}

function idle(stage: Stage): Stage {
  return {
    ...stage,
    // biome-ignore lint/correctness/useYield: there is nothing to do
    *prepare() {
      return undefined;
    },
    create: () => undefined,
  };
}

/** Whether the route says anything to a stage that a route without a word does not. */
export function isOn(stage: Stage, route: RouteConfig, bare: RouteConfig): boolean {
  return keysThatDiffer(Object.keys(stage.keys), route, bare).length > 0;
}

/** What one file says otherwise to a stage than another one: keys of the route, then of the file. */
export function differingKeys(
  stage: Stage,
  [routeA, fileA]: readonly [RouteConfig, FileConfig],
  [routeB, fileB]: readonly [RouteConfig, FileConfig],
): readonly string[] {
  return [
    ...keysThatDiffer(Object.keys(stage.keys), routeA, routeB),
    ...keysThatDiffer(Object.keys(stage.fileKeys), fileA, fileB),
  ];
}

export function keysThatDiffer(keys: readonly string[], a: object, b: object): readonly string[] {
  const [left, right] = [a, b] as readonly Readonly<Record<string, unknown>>[];
  return keys.filter((key) => textOf(left?.[key]) !== textOf(right?.[key]));
}

/** As text: what is compiled into a value (an expression, say) is as its source. */
function textOf(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) => {
    if (item instanceof Map) return [...item];
    if (item instanceof Set) return [...item];
    return item;
  }) as string;
}
