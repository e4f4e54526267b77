import { type Condition, compileRules, type Denial } from '../auth/authorization-rules.ts';
import type { RequestContext } from '../context.ts';
import type { Hide } from '../lib/hidden-values.ts';
import type { RateLimitOptions } from '../limits/schema.ts';
import type { Asked, Kind, McpCall } from './calls.ts';
import type { McpOptions, McpRuleOption, McpRulesOption } from './options.ts';
import { isPlainUri } from './plain-uri.ts';

/** What the file says of one name, or of all that begin like it. */
export interface McpRule {
  readonly kind: Kind;
  /** As it stands in the file, without secrets. */
  readonly name: string;
  /** Undefined where nobody may. */
  readonly conditions: readonly Condition[] | undefined;
  readonly cost: number | undefined;
  readonly rateLimits: readonly RateLimitOptions[];
}

/** What callers of one route may ask an MCP server for. */
export class McpRules {
  readonly #byKind = new Map<Kind, NameRules>();

  constructor({ tools, prompts, resources, methods }: McpOptions, hide: Hide) {
    const add = (kind: Kind, rules: McpRulesOption | undefined): void => {
      if (rules !== undefined) this.#byKind.set(kind, new NameRules(kind, rules, hide));
    };
    add('tool', tools);
    add('prompt', prompts);
    add('resource', resources);
    add('method', methods);
  }

  /** True where the file says anything of things of this kind. */
  has(kind: Kind): boolean {
    return this.#byKind.has(kind);
  }

  /** True where a list may have in it what its reader may not ask for. */
  get filtersLists(): boolean {
    return this.has('tool') || this.has('prompt') || this.has('resource');
  }

  /** True where the file names it, letter by letter. */
  isNamed(kind: Kind, name: string): boolean {
    return this.#byKind.get(kind)?.exact.has(name) === true;
  }

  get all(): readonly McpRule[] {
    return [...this.#byKind.values()].flatMap(({ all }) => all);
  }

  /** The rule that is for it. */
  find({ kind, name }: Asked): McpRule | undefined {
    return this.#byKind.get(kind)?.find(name);
  }

  /** Why a caller may not ask for things; undefined for those that it may. What a rule says is found out once. */
  judge(context: RequestContext): (asked: Asked) => Denial | undefined {
    const found = new Map<McpRule, Denial | undefined>();
    return ({ kind, name }) => {
      const rules = this.#byKind.get(kind);
      if (rules === undefined) return undefined;
      // Compared letter by letter: another spelling of a URI would be another one here, and the same at the service.
      const isUnclear = kind === 'resource' && !isPlainUri(name);
      const rule = isUnclear ? undefined : rules.find(name);
      // What nobody may looks like what is not there.
      if (rule?.conditions === undefined) return { detail: `This route has no such ${kind}.`, scopes: undefined };
      if (!found.has(rule)) found.set(rule, ofKind(denialBy(rule.conditions, context), kind));
      return found.get(rule);
    };
  }

  /** Everything that a call asks for, its method first. */
  asksOf({ method, asks }: McpCall): readonly Asked[] {
    return [{ kind: 'method', name: method }, ...asks];
  }

  /** What a call counts: the dearest of what it asks for; undefined where the file does not say. */
  costOf(call: McpCall): number | undefined {
    const costs = this.asksOf(call).flatMap((asked) => this.find(asked)?.cost ?? []);
    return costs.length === 0 ? undefined : Math.max(...costs);
  }
}

/** The words of `authorize` speak of the route, which the caller may use. */
function ofKind(denial: Denial | undefined, kind: Kind): Denial | undefined {
  return denial && { ...denial, detail: denial.detail.replace('this route', `this ${kind}`) };
}

function denialBy(conditions: readonly Condition[], context: RequestContext): Denial | undefined {
  for (const condition of conditions) {
    const denial = condition(context);
    if (denial !== undefined) return denial;
  }
  return undefined;
}

class NameRules {
  readonly exact = new Map<string, McpRule>();
  /** The longest first. */
  readonly #beginnings: { readonly start: string; readonly rule: McpRule }[] = [];

  constructor(kind: Kind, rules: McpRulesOption, hide: Hide) {
    for (const [name, option] of Object.entries(rules)) {
      const rule = compileRule(kind, name, option, hide);
      if (name.endsWith('*')) this.#beginnings.push({ start: name.slice(0, -1), rule });
      else this.exact.set(name, rule);
    }
    this.#beginnings.sort((a, b) => b.start.length - a.start.length);
  }

  get all(): readonly McpRule[] {
    return [...this.exact.values(), ...this.#beginnings.map(({ rule }) => rule)];
  }

  find(name: string): McpRule | undefined {
    return this.exact.get(name) ?? this.#beginnings.find(({ start }) => name.startsWith(start))?.rule;
  }
}

function compileRule(kind: Kind, name: string, option: McpRuleOption | false, hide: Hide): McpRule {
  if (option === false) return { kind, name, conditions: undefined, cost: undefined, rateLimits: [] };
  const { cost, rateLimits = [], ...caller } = option;
  return { kind, name: hide(name), conditions: compileRules(caller, hide), cost, rateLimits };
}
