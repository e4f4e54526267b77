import type { Decision } from '../facts.ts';
import type { CompiledRoute } from '../snapshot.ts';
import type { Step } from './explanation.ts';

/** Every stage of the route in its order: what it noted, or that it let the request by; none behind a refusal. */
export function explainSteps(
  trace: readonly Decision[],
  route: CompiledRoute | undefined,
  refusing: string | undefined,
  shown: (text: string) => string,
): readonly Step[] {
  const said = new Map<string, string[]>();
  for (const { stage, decision } of trace) {
    if (stage === 'refused') continue;
    const list = said.get(stage) ?? [];
    list.push(shown(decision));
    said.set(stage, list);
  }
  const names = route?.stages ?? [...said.keys(), ...(refusing === undefined ? [] : [refusing])];
  const all = [...new Set(['match', ...names])];
  const last = refusing === undefined ? all.length : all.indexOf(refusing);
  return all.map((stage, index) => ({
    stage,
    decisions: index > last && last >= 0 ? null : (said.get(stage) ?? []),
    refuses: stage === refusing,
  }));
}
