import type { MetadataMap } from '../../auth/caller-facts.ts';
import { withGroups } from '../../auth/groups.ts';
import { faultAt, invalid } from '../../auth/read-input.ts';
import type { StoredConsumer } from '../../auth/stored-consumer.ts';
import type { ProblemEntry } from '../../errors.ts';
import { findNearest } from '../../nearest-word.ts';
import type { ConsumerCall } from './call.ts';

/** Throws `invalid_request` for a plan or groups that the file does not have. */
export function checkNames(
  { source }: ConsumerCall,
  {
    plan,
    groups = [],
  }: { readonly plan?: string | null | undefined; readonly groups?: readonly string[] | null | undefined },
): void {
  const { config } = source.gateway.snapshot;
  const faults: ProblemEntry[] = [];
  const check = (kind: string, name: string, known: readonly string[], pointer: string) => {
    if (!known.includes(name)) faults.push(faultAt(pointer, `there is no ${kind} "${name}"${meant(name, known)}`));
  };
  if (typeof plan === 'string') check('plan', plan, Object.keys(config.plans ?? {}), '/plan');
  for (const [index, name] of (groups ?? []).entries())
    check('group', name, Object.keys(config.groups), `/groups/${index}`);
  if (faults.length > 0) throw invalid(faults);
}

/** Throws `invalid_request` for scopes of a key that its consumer does not have, by itself or by its groups. */
export function checkScopes(
  { source }: ConsumerCall,
  scopes: readonly string[] | undefined,
  consumer: StoredConsumer,
): void {
  const held = scopesOf(consumer, source);
  const faults = (scopes ?? []).flatMap((scope, index) => {
    if (held.includes(scope)) return [];
    const detail = `consumer "${consumer.name}" does not have the scope "${scope}"${meant(scope, held)}`;
    return [faultAt(`/scopes/${index}`, detail)];
  });
  if (faults.length > 0) throw invalid(faults);
}

function scopesOf(
  { plan, groups = [], roles = [], scopes = [], metadata }: StoredConsumer,
  { gateway }: ConsumerCall['source'],
): readonly string[] {
  const row = { plan, groups, roles, scopes, metadata: metadata as MetadataMap | undefined };
  return withGroups(row, gateway.snapshot.config.groups).scopes;
}

function meant(name: string, known: readonly string[]): string {
  const nearest = findNearest(name, known);
  return nearest === undefined ? '' : `: did you mean "${nearest}"?`;
}
