import { z } from 'zod';
import type { Report, Shadowing, ShadowKey, Stage } from '../stage.ts';
import type { LocatedObject } from './source.ts';

/** A parsed route, and where it is written. */
interface WrittenRoute {
  readonly value: ShadowKey & Readonly<Record<string, unknown>>;
  readonly located: LocatedObject;
}

/** The key `shadow`, which may name those of the stages that can be shadowed; no key where none can. */
export function createShadowKey(stages: readonly Stage[]): z.ZodRawShape {
  const names = stages.filter(({ shadow }) => shadow !== undefined).map(({ name }) => name);
  if (names.length === 0) return {};
  const shadow = z
    .array(z.enum(names))
    .optional()
    .describe(
      'Stages that only report what they would have refused: log, metric turnpike_shadow_refusals_total. Not for `defaults`.',
    );
  return { shadow };
}

/** Reports stages that are shadowed where they have nothing to report, or where that opens a route by accident. */
export function checkShadows(stages: readonly Stage[], routes: readonly WrittenRoute[], report: Report): void {
  const shadowings = new Map(stages.map(({ name, shadow }) => [name, shadow]));
  routes.forEach((route, index) => {
    for (const name of route.value.shadow ?? []) {
      const fault = findFault(name, shadowings.get(name), route);
      if (fault !== undefined) report(['routes', index, 'shadow'], fault.message, fault.hint);
    }
  });
}

function findFault(name: string, shadowing: Shadowing | undefined, { value, located }: WrittenRoute) {
  const { needs = [], opens } = shadowing ?? {};
  if (needs.length > 0 && needs.every((key) => value[key] === undefined)) {
    const missing = needs.map((key) => `"${key}"`).join(' or ');
    const message = `the route has no ${missing}, so there is nothing for "${name}" to report`;
    return { message, hint: `add it, or leave out "${name}"` };
  }
  if (opens === undefined || isWrittenHere(located, opens)) return undefined;
  const by = located.entries.has(opens) ? 'by "defaults"' : 'by default';
  const message = `this would open a route that is protected ${by}`;
  return { message, hint: `write "${opens}" in the route to say that this is meant` };
}

/** False for a key that came from `defaults`, or that nobody wrote. */
function isWrittenHere(located: LocatedObject, key: string): boolean {
  return located.entries.get(key)?.value.place.pointer.startsWith('/defaults/') === false;
}
