/** Which scopes a caller needs: each of `all`, and one of `any` where there are some. */
export interface ScopeRule {
  readonly all: readonly string[];
  readonly any: readonly string[];
}

/** One way to be let in: the names of its schemes, each with its scopes. */
export type Alternative = readonly (readonly [name: string, scopes: readonly string[]])[];

export const NO_SCOPES: ScopeRule = { all: [], any: [] };

const NARROWED =
  'Scopes are asked for more strictly here than the document does, whose alternatives have no like: look at "authorize".';
const OPTIONAL =
  'Where the document takes nobody or a token with scopes, only the latter is taken here: see "authorize".';

/**
 * The scopes that callers need by all alternatives of an operation. Here a rule holds for every caller, whatever scheme
 * it came by: where the document asks for more by one than by another, the stricter counts, and `notes` says so. Less
 * would let in a token that the document refuses.
 */
export function scopesOf(alternatives: readonly Alternative[], isOptional: boolean, notes: Set<string>): ScopeRule {
  const bySchemes = Map.groupBy(alternatives, (each) => JSON.stringify(each.map(([name]) => name).toSorted()));
  const rules = [...bySchemes.values()].map((same) => ofOneScheme(same, notes));
  const texts = new Set(rules.map((rule) => JSON.stringify(rule)));
  const rule = texts.size === 1 ? (rules[0] ?? NO_SCOPES) : joined(rules);
  if (texts.size > 1) notes.add(NARROWED);
  if (isOptional && rule.all.length + rule.any.length > 0) notes.add(OPTIONAL);
  return rule;
}

/** Alternatives of the same schemes: what all ask for, and one of what each asks for alone. */
function ofOneScheme(alternatives: readonly Alternative[], notes: Set<string>): ScopeRule {
  const sets = alternatives.map((each) => distinct(each.flatMap(([, scopes]) => scopes)));
  const [first = []] = sets;
  const all = first.filter((scope) => sets.every((set) => set.includes(scope)));
  const rests = sets.map((set) => set.filter((scope) => !all.includes(scope)));
  if (rests.some((rest) => rest.length === 0)) return { all: sorted(all), any: [] };
  const singles = distinct(rests.filter(({ length }) => length === 1).flat());
  if (rests.some(({ length }) => length > 1)) notes.add(NARROWED);
  if (singles.length > 0) return { all: sorted(all), any: sorted(singles) };
  const [least = []] = rests.toSorted((a, b) => a.length - b.length);
  return { all: sorted([...all, ...least]), any: [] };
}

/** A rule that nothing passes which one of these refuses. */
function joined(rules: readonly ScopeRule[]): ScopeRule {
  const all = new Set(rules.flatMap((rule) => rule.all));
  const choices = rules.map(({ any }) => any).filter((any) => any.length > 0 && !any.some((scope) => all.has(scope)));
  const [first = []] = choices;
  const shared = first.filter((scope) => choices.every((any) => any.includes(scope)));
  if (shared.length === 0) for (const [scope = ''] of choices) all.add(scope);
  return { all: sorted([...all]), any: shared };
}

function distinct(scopes: readonly string[]): string[] {
  return [...new Set(scopes)].filter((scope) => scope !== '');
}

/** In one order, so that operations with the same scopes can share a route. */
function sorted(scopes: readonly string[]): string[] {
  return scopes.toSorted();
}
