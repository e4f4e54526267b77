import type { RouteConfig } from '../../config/routes.ts';
import { isObject } from '../../lib/json-object.ts';
import type { CompiledRoute } from '../../snapshot.ts';
import type { Stage } from '../../stage.ts';
import type { Side } from './side.ts';
import { type Dealt, dealtWith, differingKeys, isOn, isTold, keysThatDiffer } from './stage-terms.ts';

/** How two routes say otherwise what is not decided anew for each request. */
export interface RoutePair {
  /** Stages of which nobody can tell whether they let a request pass that comes to them. */
  readonly unknowable: readonly string[];
  /** Keys of limits. */
  readonly limits: readonly string[];
  /** Keys of what edits requests and answers, and of the call. */
  readonly told: readonly string[];
  /** Where calls would go instead; undefined where they go to the same. */
  readonly destination: string | undefined;
  /** The service that has lost its last target; undefined where there is one, or where nobody knows beforehand. */
  readonly deserted: string | undefined;
}

/** A stage as each of two pipelines has it; they are the same but for own ones. */
interface Both {
  readonly name: string;
  readonly old: Stage | undefined;
  readonly now: Stage | undefined;
}

const LEADS = new Set(['service', 'target', 'targets', 'discover']);

/** The pairs of a route in force and a route of the candidate, each compared once. */
export class RoutePairs {
  readonly #before: Side;
  readonly #after: Side;
  readonly #stages: readonly Both[];
  readonly #known = new Map<CompiledRoute, Map<CompiledRoute, RoutePair>>();

  constructor(before: Side, after: Side) {
    this.#before = before;
    this.#after = after;
    const [old, now] = [before.configuration.stages, after.configuration.stages];
    const names = new Set([...old, ...now].map(({ name }) => name));
    const find = (stages: readonly Stage[], name: string) => stages.find((stage) => stage.name === name);
    this.#stages = [...names].map((name) => ({ name, old: find(old, name), now: find(now, name) }));
  }

  of(from: CompiledRoute, to: CompiledRoute): RoutePair {
    const known = this.#known.get(from) ?? new Map<CompiledRoute, RoutePair>();
    this.#known.set(from, known);
    const pair = known.get(to) ?? this.#compare(from.config, to.config);
    known.set(to, pair);
    return pair;
  }

  #compare(from: RouteConfig, to: RouteConfig): RoutePair {
    const differing = (...dealt: readonly Dealt[]) =>
      this.#stages.filter((both) => dealt.includes(dealtWith(both.name)) && this.#isUsed(both, from, to));
    const keys = ({ old, now }: Both) => keysThatDiffer(Object.keys((now ?? old)?.keys ?? {}), from, to);
    const limits = [...differing('limit').flatMap(keys), ...this.#limitsOfAll()];
    const told = this.#stages
      .filter(({ name }) => isTold(name))
      .flatMap(keys)
      .filter((key) => !LEADS.has(key));
    const moved = differing('unknowable', 'own').filter((both) => this.#isMoved(both, from, to));
    return {
      unknowable: [...moved.map(({ name }) => name), ...keysThatDiffer(['bodyLimit'], from, to)],
      limits: [...new Set(limits)],
      told: [...new Set(told)],
      destination: this.#destination(from, to),
      deserted: this.#deserted(from, to),
    };
  }

  #isUsed({ old, now }: Both, from: RouteConfig, to: RouteConfig): boolean {
    if (old !== undefined && isOn(old, from, this.#before.bare)) return true;
    return now !== undefined && isOn(now, to, this.#after.bare);
  }

  /** Limits of the whole file hold on every route. */
  #limitsOfAll(): readonly string[] {
    return keysThatDiffer(['rateLimits'], this.#before.configuration.config, this.#after.configuration.config);
  }

  #isMoved({ name, old, now }: Both, from: RouteConfig, to: RouteConfig): boolean {
    // What asks other routes may be led elsewhere by a word about those.
    if (old === undefined || now !== old || name === 'aggregate') return true;
    const [a, b] = [this.#before.configuration.config, this.#after.configuration.config];
    return differingKeys(now, [from, a], [to, b]).length > 0;
  }

  #deserted(from: RouteConfig, to: RouteConfig): string | undefined {
    const isEmpty = ({ configuration: { config } }: Side, route: RouteConfig) =>
      route.failover === undefined && hasNoTarget(route.service === undefined ? route : config.services[route.service]);
    return isEmpty(this.#after, to) && !isEmpty(this.#before, from) ? (to.service ?? 'its own') : undefined;
  }

  #destination(from: RouteConfig, to: RouteConfig): string | undefined {
    const [a, b] = [this.#before.configuration.config, this.#after.configuration.config];
    const before = { name: from.service, ...(from.service === undefined ? from : a.services[from.service]) };
    const after = { name: to.service, ...(to.service === undefined ? to : b.services[to.service]) };
    if (keysThatDiffer(['name', 'target', 'targets', 'discover'], before, after).length === 0) return undefined;
    const isNew = to.service !== undefined && to.service !== from.service;
    return isNew ? to.service : `other targets (${to.service ?? 'its own'})`;
  }
}

/** A target without weight is out. */
function hasNoTarget(service: Pick<RouteConfig, 'targets' | 'discover'> | undefined): boolean {
  const { targets = [], discover } = service ?? {};
  return discover === undefined && targets.length > 0 && targets.every((one) => weightOf(one) === 0);
}

function weightOf(target: unknown): number {
  return isObject(target) && typeof target['weight'] === 'number' ? target['weight'] : 1;
}
