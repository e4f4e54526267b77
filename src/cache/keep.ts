import { createEntry, type Entry, freshenedFields, usefulForMs } from './entry.ts';
import { type Answered, judgeAnswer, type Verdict } from './freshness.ts';
import type { Ask, CachePlan, Look, Spot } from './plan.ts';
import { LONGEST_USE_MS } from './purges.ts';
import { parseTags } from './service-words.ts';
import { parseVary, uniteVary, variantName } from './vary.ts';

/** An answer that is to be stored: where, and as what. */
export interface Keeping {
  readonly answered: Answered;
  readonly verdict: Verdict;
  readonly spot: Spot;
  readonly vary: readonly string[];
  readonly tags: readonly string[];
}

/** Whether an answer is stored, and for whom; the reason where it is not. */
export function planKeeping(plan: CachePlan, look: Look, answered: Answered): Keeping | string {
  const verdict = judgeAnswer(answered, plan.rules);
  if (typeof verdict === 'string') return verdict;
  const spot = verdict.isPublic ? look.common : look.own;
  if (spot === undefined) return 'for its caller alone';
  const own = parseVary(answered.fields['vary']);
  const vary = own === undefined ? undefined : uniteVary(own, spot.vary);
  if (vary === undefined || (plan.callerField !== undefined && vary.includes(plan.callerField))) return 'Vary';
  const tags = parseTags(answered.fields['cache-tag'], answered.fields['surrogate-key']);
  if (tags === undefined) return 'too many tags';
  return { answered, verdict, spot, vary, tags };
}

/** Stores an answer that is whole. */
export function keep(plan: CachePlan, ask: Ask, look: Look, keeping: Keeping, body: Buffer): Entry {
  const { spot, vary, answered, verdict, tags } = keeping;
  const { path, query } = ask.context;
  const entry = createEntry(answered, verdict, { body, route: plan.route, path: path + query, tags });
  const ms = Math.min(LONGEST_USE_MS, usefulForMs(entry)) - Math.max(0, answered.answeredAtMs - entry.bornAtMs);
  const { url } = ask.names;
  plan.collapse.learn(look.common.base, spot === look.common);
  if (vary.length === 0) {
    plan.store.put(url, spot.base, entry, look.mark, ms);
  } else {
    plan.store.put(url, spot.base, { vary }, look.mark, ms);
    plan.store.put(url, variantName(spot.base, vary, ask.told, plan.isLocal), entry, look.mark, ms);
  }
  // The service has said that it was for everybody, and says now that it is not.
  if (spot !== look.common && look.common.entry !== undefined) plan.store.drop(url, look.common.name);
  return entry;
}

/**
 * A stored answer with what a 304, or the answer to a HEAD, says of it now (RFC 9111, sections 4.3.4 and 4.3.5); stored,
 * unless that says that it may not be.
 */
export function freshen(
  plan: CachePlan,
  ask: Ask,
  look: Look,
  stored: { entry: Entry; spot: Spot },
  update: Answered,
): Entry {
  const { entry, spot } = stored;
  const date = update.fields['date'] ?? new Date(update.answeredAtMs).toUTCString();
  const merged = freshenedFields(entry.fields, { ...update.fields, date });
  const answered: Answered = { ...update, status: entry.status, fields: { ...merged, age: update.fields['age'] } };
  const keeping = planKeeping(plan, look, answered);
  if (typeof keeping !== 'string') {
    const fresh = keep(plan, ask, look, keeping, entry.body);
    if (keeping.spot !== spot) plan.store.drop(ask.names.url, spot.name);
    return fresh;
  }
  plan.store.drop(ask.names.url, spot.name);
  // For this client alone: as it is now, and no longer.
  return { ...entry, fields: merged, bornAtMs: update.answeredAtMs, lifetimeMs: 0 };
}
