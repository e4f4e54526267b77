import { schemeOf } from '../../auth/schemes.ts';
import type { FileConfig, RouteConfig } from '../../config/routes.ts';
import { createPathRewriter, type PathRewriter } from '../../routing/rewrite.ts';
import type { CompiledRoute } from '../../snapshot.ts';
import type { Decided } from './decide.ts';
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

/** How the two say otherwise what is not decided anew, for one route of each. */
interface RoutePair {
  /** Why nobody can tell whether a request passes. */
  readonly unknowable: readonly string[];
  readonly limits: readonly string[];
  readonly told: readonly string[];
  readonly destination: string | undefined;
}

/** Compares what the one in force and the candidate make of the same request. */
export class Comparer {
  readonly #before: Side;
  readonly #after: Side;
  readonly #pairs = new Map<CompiledRoute, Map<CompiledRoute, RoutePair>>();
  readonly #rewriters = new WeakMap<RouteConfig, PathRewriter>();
  readonly #leans = new Map<string, boolean>();

  constructor(before: Side, after: Side) {
    this.#before = before;
    this.#after = after;
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
    if (before.outcome === 'undecided' || after.outcome === 'undecided') {
      if (this.#isTheSame(before, after)) return undefined;
      const { says, by } = after.outcome === 'undecided' ? after : before;
      return by === undefined ? says : `${by}: ${says}`;
    }
    const own = ownBefore(this.#after, after) ?? ownBefore(this.#before, before);
    if (own !== undefined && !isAlike(before, after)) return `${own}: an own stage stands before what decides`;
    const lean = [...new Set([...after.leansOn, ...before.leansOn])].find(
      (one) => !this.#isLeanSame(one, before, after),
    );
    if (lean === undefined || isAlike(before, after)) return undefined;
    return `authenticate: ${explainLean(lean)}`;
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
    const pair = this.#pairOf(from, to);
    const [reason] = pair.unknowable;
    if (reason !== undefined) return { what: 'undecided', says: reason };
    const plans = this.#planDiffers(before.plan, after.plan);
    const limits = [...pair.limits, ...(plans === undefined ? [] : [plans])];
    if (limits.length > 0) return { what: 'undecided', says: `limits: ${limits.join(', ')} would be others` };
    if (pair.destination !== undefined && !after.isAnswered)
      return { what: 'routed', says: `would go to ${pair.destination}` };
    return this.#toldOtherwise(before, after, pair.told);
  }

  #toldOtherwise(before: Decided, after: Decided, told: readonly string[]): Difference | undefined {
    const [from, to] = [before.route?.config, after.route?.config] as [RouteConfig, RouteConfig];
    if (!after.isAnswered && this.#rewrite(from, before) !== this.#rewrite(to, after)) {
      const shape = `${from.prefix[0]} by ${to.prefix[0]}`;
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

  #pairOf(from: CompiledRoute, to: CompiledRoute): RoutePair {
    const known = this.#pairs.get(from) ?? new Map<CompiledRoute, RoutePair>();
    this.#pairs.set(from, known);
    const pair = known.get(to) ?? this.#makePair(from.config, to.config);
    known.set(to, pair);
    return pair;
  }

  #makePair(from: RouteConfig, to: RouteConfig): RoutePair {
    const unknowable: string[] = [];
    const limits: string[] = [];
    const told: string[] = [];
    const [a, b] = [this.#before, this.#after];
    const names = new Set([...a.configuration.stages, ...b.configuration.stages].map(({ name }) => name));
    for (const name of names) {
      const [old, stage] = [a, b].map(({ configuration }) => configuration.stages.find((one) => one.name === name));
      const one = stage ?? old;
      const dealt = dealtWith(name);
      if (one === undefined || dealt === 'silent' || dealt === 'judged') continue;
      const isUsed = (old !== undefined && isOn(old, from, a.bare)) || (stage !== undefined && isOn(stage, to, b.bare));
      if (!isUsed && dealt !== 'limit') continue;
      if (dealt === 'limit') limits.push(...this.#limitKeys(Object.keys(one.keys), from, to));
      else if (dealt === 'unknowable' || dealt === 'own') {
        // What asks other routes may be led elsewhere by a word about those.
        const isMoved =
          old !== stage || differingKeys(one, [from, a.configuration.config], [to, b.configuration.config]).length > 0;
        if (isMoved || name === 'aggregate') unknowable.push(`${name}: ${whyUnknowable(name)}`);
      } else told.push(...keysThatDiffer(Object.keys(one.keys), from, to).filter((key) => !LEADS.has(key)));
    }
    return {
      unknowable,
      limits: [...new Set(limits)],
      told: [...new Set(told)],
      destination: this.#destination(from, to),
    };
  }

  #limitKeys(keys: readonly string[], from: RouteConfig, to: RouteConfig): readonly string[] {
    const files = [this.#before.configuration.config, this.#after.configuration.config] as const;
    return [...keysThatDiffer(keys, from, to), ...keysThatDiffer(['rateLimits'], ...files)];
  }

  #planDiffers(before: string | undefined, after: string | undefined): string | undefined {
    const [a, b] = [this.#before, this.#after].map(({ configuration: { config } }) => config);
    if (a === undefined || b === undefined) return undefined;
    const [from, to] = [planOf(a, before), planOf(b, after)];
    return JSON.stringify(from) === JSON.stringify(to) ? undefined : 'those of the plan';
  }

  /** Where calls would go instead; undefined where they go to the same. */
  #destination(from: RouteConfig, to: RouteConfig): string | undefined {
    const [a, b] = [this.#before.configuration.config, this.#after.configuration.config];
    const before = { name: from.service, ...(from.service === undefined ? from : a.services[from.service]) };
    const after = { name: to.service, ...(to.service === undefined ? to : b.services[to.service]) };
    const keys = ['name', 'target', 'targets', 'discover'];
    if (keysThatDiffer(keys, before, after).length === 0) return undefined;
    return to.service === undefined || to.service === from.service
      ? `other targets (${to.service ?? 'its own'})`
      : to.service;
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

const LEADS = new Set(['service', 'target', 'targets', 'discover']);
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

function nameOf({ route }: Decided): string {
  return route?.config.service ?? route?.name ?? 'the gateway';
}

function destined(after: Decided): string {
  return after.isAnswered ? '' : ` and go to ${nameOf(after)}`;
}
