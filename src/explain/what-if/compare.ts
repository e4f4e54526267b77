import { schemeOf } from '../../auth/schemes.ts';
import type { FileConfig, RouteConfig } from '../../config/routes.ts';
import { createPathRewriter, type PathRewriter } from '../../routing/rewrite.ts';
import type { Decided } from './decide.ts';
import { type RoutePair, RoutePairs } from './route-pairs.ts';
import type { Side } from './side.ts';
import { dealtWith, differingKeys, isOn, keysThatDiffer, whyUnknowable } from './stage-terms.ts';

/** What kind of difference a request meets. */
export type What =
  | 'refused'
  | 'let in'
  | 'refused otherwise'
  | 'answered'
  | 'routed'
  | 'told'
  | 'configured'
  | 'undecided';

export interface Difference {
  readonly what: What;
  readonly says: string;
}

/** Compares what the one in force and the candidate make of the same request. */
export class Comparer {
  readonly #before: Side;
  readonly #after: Side;
  readonly #pairs: RoutePairs;
  readonly #rewriters = new WeakMap<RouteConfig, PathRewriter>();
  readonly #leans = new Map<string, boolean>();

  constructor(before: Side, after: Side) {
    this.#before = before;
    this.#after = after;
    this.#pairs = new RoutePairs(before, after);
  }

  /** The difference for a request; undefined where there is none. */
  compare(before: Decided, after: Decided): Difference | undefined {
    const unsure = this.#whyUnsure(before, after);
    if (unsure !== undefined) return { what: 'undecided', says: unsure };
    if (after.outcome === 'refused') return refusedAfter(before, after);
    if (before.outcome === 'refused') return this.#letIn(before, after);
    return this.#bothPass(before, after);
  }

  /** Why nobody can tell; undefined where it can be told, also where neither can be decided, and for the same reason. */
  #whyUnsure(before: Decided, after: Decided): string | undefined {
    if (before.unseen !== after.unseen) return 'match: a condition on a field whose value is not kept';
    const undecided = [after, before].find(({ outcome }) => outcome === 'undecided');
    if (undecided === undefined) return isAlike(before, after) ? undefined : this.#whyLeaning(before, after);
    if (this.#isTheSame(before, after)) return undefined;
    return undecided.by === undefined ? undecided.says : `${undecided.by}: ${undecided.says}`;
  }

  /** What a decision rests on that is not decided anew. */
  #whyLeaning(before: Decided, after: Decided): string | undefined {
    const own = ownBefore(this.#after, after) ?? ownBefore(this.#before, before);
    if (own !== undefined) return `${own}: an own stage stands before what decides`;
    const leans = [...after.leansOn, ...before.leansOn];
    const lean = leans.find((one) => !this.#isLeanSame(one, before, after));
    return lean === undefined ? undefined : `authenticate: ${explainLean(lean)}`;
  }

  /** Neither can be decided beyond a stage, of which both files say the same, and of what stands behind it. */
  #isTheSame(before: Decided, after: Decided): boolean {
    const { route: from } = before;
    const { route: to } = after;
    if (before.outcome !== after.outcome || before.by !== after.by || before.says !== after.says) return false;
    if (from === undefined || to === undefined || before.told !== after.told) return false;
    const { stages, config } = this.#after.configuration;
    const rest = stages.slice(stages.findIndex(({ name }) => name === after.by));
    const files = [this.#before.configuration.config, config] as const;
    return rest
      .filter(({ name }) => dealtWith(name) === 'judged')
      .every((stage) => differingKeys(stage, [from.config, files[0]], [to.config, files[1]]).length === 0);
  }

  #letIn(before: Decided, after: Decided): Difference {
    const { bare, configuration } = this.#after;
    const route = after.route?.config;
    const unknowable =
      route &&
      configuration.stages.find(
        (stage) => ['unknowable', 'own'].includes(dealtWith(stage.name)) && isOn(stage, route, bare),
      );
    if (unknowable !== undefined)
      return { what: 'undecided', says: `${unknowable.name}: ${whyUnknowable(unknowable.name)}` };
    return {
      what: 'let in',
      says: `would no longer be refused with ${before.status} (${before.by})${destined(after)}`,
    };
  }

  #bothPass(before: Decided, after: Decided): Difference | undefined {
    if (before.by !== after.by || before.says !== after.says) {
      const who = after.isAnswered
        ? `be answered by the gateway (${after.by}: ${after.says})`
        : `go to ${nameOf(after)}`;
      return { what: 'answered', says: `would ${who}` };
    }
    const { route: from } = before;
    const { route: to } = after;
    if (from === undefined || to === undefined) return undefined;
    const pair = this.#pairs.of(from, to);
    const unknowable = pair.unknowable.find((name) => mayMeet(name, after));
    if (unknowable !== undefined) return { what: 'undecided', says: `${unknowable}: ${whyUnknowable(unknowable)}` };
    const moved = after.isAnswered ? undefined : movedTo(pair);
    if (moved?.what === 'refused') return moved;
    const plans = this.#planDiffers(before.plan, after.plan);
    const limits = [...pair.limits, ...(plans === undefined ? [] : [plans])];
    if (limits.length > 0) return { what: 'undecided', says: `limits: ${limits.join(', ')} would be others` };
    return moved ?? this.#toldOtherwise(before, after, pair.told);
  }

  #toldOtherwise(before: Decided, after: Decided, told: readonly string[]): Difference | undefined {
    const [from, to] = [before.route?.config, after.route?.config] as [RouteConfig, RouteConfig];
    if (!after.isAnswered && this.#rewrite(from, before) !== this.#rewrite(to, after)) {
      const shape = keysThatDiffer(PATH_KEYS, from, to).join(', ');
      return { what: 'told', says: `would reach ${nameOf(after)} by another path (${shape})` };
    }
    if (before.told !== after.told)
      return { what: 'told', says: 'would be told to the service as another caller (identity)' };
    if (told.length > 0) return { what: 'configured', says: `would pass by other words: ${told.join(', ')}` };
    return undefined;
  }

  #rewrite(config: RouteConfig, { place }: Decided): string {
    let rewrite = this.#rewriters.get(config);
    if (rewrite === undefined) {
      rewrite = createPathRewriter(config);
      this.#rewriters.set(config, rewrite);
    }
    return rewrite(place.rawPath ?? place.path, place.prefixLength, place.params);
  }

  #planDiffers(before: string | undefined, after: string | undefined): string | undefined {
    const [a, b] = [this.#before, this.#after].map(({ configuration: { config } }) => config);
    if (a === undefined || b === undefined) return undefined;
    const [from, to] = [planOf(a, before), planOf(b, after)];
    return JSON.stringify(from) === JSON.stringify(to) ? undefined : 'those of the plan';
  }

  /** Whether what a verdict rests on is said in the same words by both files. */
  #isLeanSame(lean: string, before: Decided, after: Decided): boolean {
    const key = `${lean} ${before.consumer} ${after.consumer} ${before.route?.name} ${after.route?.name}`;
    const known = this.#leans.get(key);
    if (known !== undefined) return known;
    const [a, b] = [this.#before.configuration.config, this.#after.configuration.config];
    const name = lean.slice(lean.indexOf(':') + 1);
    const isSame = lean.startsWith('issuer:')
      ? keysThatDiffer(KEY_MATERIAL, rowOf(a.issuers, 'issuer', name), rowOf(b.issuers, 'issuer', name)).length === 0
      : isSchemeSame(name, [before, a], [after, b]);
    this.#leans.set(key, isSame);
    return isSame;
  }
}

function movedTo({ deserted, destination }: RoutePair): Difference | undefined {
  if (deserted !== undefined)
    return { what: 'refused', says: `would become 503 (forward: all targets of ${deserted} have weight 0)` };
  return destination === undefined ? undefined : { what: 'routed', says: `would go to ${destination}` };
}

type Half = readonly [decided: Decided, file: FileConfig];

/** Whether a scheme would judge this caller by the same words. */
function isSchemeSame(name: string, [before, a]: Half, [after, b]: Half): boolean {
  const keys = Object.keys(schemeOf(name).fileKeys).filter((key) => key !== 'consumers');
  const shared = name === 'forward-auth' ? ['groups', 'services'] : ['groups'];
  const [from, to] = [before, after].map(({ route }) => route?.config.auth.chosen.filter((one) => one.name === name));
  const rows = [rowOf(a.consumers, 'name', before.consumer), rowOf(b.consumers, 'name', after.consumer)] as const;
  return (
    keysThatDiffer([...keys, ...shared], a, b).length === 0 &&
    keysThatDiffer(['chosen'], { chosen: from }, { chosen: to }).length === 0 &&
    keysThatDiffer(['row'], { row: rows[0] }, { row: rows[1] }).length === 0
  );
}

function isAlike(before: Decided, after: Decided): boolean {
  return after.outcome === 'refused' && before.status === after.status && before.code === after.code;
}

/** What makes the path that a service sees. */
const PATH_KEYS = ['prefix', 'path', 'stripPrefix', 'rewritePrefix', 'pathRewrite'];

const KEY_MATERIAL = ['secret', 'publicKey', 'jwks', 'discover', 'algorithms', 'tls'];

function rowOf<K extends string>(
  rows: readonly Readonly<Record<K, string>>[],
  key: K,
  name: string | undefined,
): object {
  return rows.find((row) => row[key] === name) ?? {};
}

function planOf(
  { plans = {}, defaultPlan }: { plans?: object | undefined; defaultPlan?: string | undefined },
  name: string | undefined,
) {
  const all = plans as Readonly<Record<string, unknown>>;
  if (name !== undefined && Object.hasOwn(all, name)) return [name, all[name]];
  return defaultPlan === undefined || !Object.hasOwn(all, defaultPlan) ? [] : [defaultPlan, all[defaultPlan]];
}

function explainLean(lean: string): string {
  const name = lean.slice(lean.indexOf(':') + 1);
  if (lean.startsWith('issuer:')) return `the keys of issuer ${name} would be others`;
  return `nobody can tell anew what ${name} says`;
}

/** An own stage that may have changed what a later one decides by. */
function ownBefore({ configuration: { stages }, bare }: Side, { outcome, by, route }: Decided): string | undefined {
  if (outcome !== 'refused' || route === undefined) return undefined;
  const end = stages.findIndex(({ name }) => name === by);
  return stages.slice(0, end).find((stage) => dealtWith(stage.name) === 'own' && isOn(stage, route.config, bare))?.name;
}

function refusedAfter(before: Decided, after: Decided): Difference | undefined {
  const words = `${after.status} (${after.by}: ${after.says})`;
  if (before.outcome !== 'refused') return { what: 'refused', says: `would become ${words}` };
  if (before.status === after.status && before.code === after.code) return undefined;
  return { what: 'refused otherwise', says: `refused with ${before.status} (${before.by}) would become ${words}` };
}

/** Whether a stage has anything to say to such a request: a plain one is no handshake, and what was measured was judged. */
function mayMeet(stage: string, { isUpgrade, isUnmeasured, isAnswered }: Decided): boolean {
  if (stage === 'websocket') return isUpgrade;
  return stage !== 'bodyLimit' || (isUnmeasured && !isAnswered);
}

function nameOf({ route }: Decided): string {
  return route?.config.service ?? route?.name ?? 'the gateway';
}

function destined(after: Decided): string {
  return after.isAnswered ? '' : ` and go to ${nameOf(after)}`;
}
