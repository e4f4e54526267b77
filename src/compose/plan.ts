import type { AggregateOptions } from './options.ts';
import type { PathTemplate } from './path-template.ts';
import { createPick, type Pick } from './pick.ts';

/** One part as it is asked. */
export interface PartPlan {
  readonly name: string;
  readonly target: PathTemplate;
  readonly pick: Pick | undefined;
  readonly isOptional: boolean;
  readonly after: readonly string[];
  readonly timeoutMs: number;
  readonly maxBytes: number;
  /** Whether another part's target has a value of its answer. */
  readonly isReferredTo: boolean;
}

/** Compiles the parts of a route, in the order of the file. */
export function compileParts(options: AggregateOptions): readonly PartPlan[] {
  const entries = Object.entries(options);
  const referredTo = new Set(entries.flatMap(([, { route }]) => route.references.flatMap(({ parts }) => parts)));
  return entries.map(([name, { route, pick, optional, after = [], timeout, maxSize }]) => ({
    name,
    target: route,
    pick: pick === undefined ? undefined : createPick(pick),
    isOptional: optional,
    after: [...new Set(after)],
    timeoutMs: timeout ?? Number.POSITIVE_INFINITY,
    maxBytes: maxSize,
    isReferredTo: referredTo.has(name),
  }));
}
