import { z } from 'zod';
import { oneOrMany } from '../schema-values.ts';
import type { Report } from '../stage.ts';
import { groupName, type MetadataMap, metadataMap, roleList, scopeList } from './caller-facts.ts';
import { checkName } from './check-name.ts';

const group = z.strictObject({
  plan: z.string().min(1).optional().describe('Plan of its members that name none themselves.'),
  roles: roleList.default([]).describe('Roles that its members have beside their own.'),
  scopes: scopeList.default([]).describe('Scopes that its members have beside their own.'),
  metadata: metadataMap.optional().describe('Metadata of its members, where they have none of that name.'),
});

/** The key of the file beside `consumers`. */
export const groups = z
  .record(groupName, group)
  .default({})
  .describe('What consumers have in common, by name of the group: plan, roles, scopes, metadata.');

/** The groups that a consumer names: one, or a list. */
export const memberOf = oneOrMany(groupName)
  .default([])
  .describe('Groups that the consumer is in, the first one first: a name, or a list of names.');

export type Groups = Readonly<Record<string, z.output<typeof group>>>;

export const NO_GROUPS: Groups = {};

/** What a consumer says itself, of what groups may say too. */
interface Member {
  readonly plan?: string | undefined;
  readonly roles: readonly string[];
  readonly scopes: readonly string[];
  readonly groups: readonly string[];
  readonly metadata?: MetadataMap | undefined;
}

/**
 * A consumer with what it has of its groups. Its own plan and its own metadata count before a group's, and those of a group
 * before the ones of a group that it names later; roles and scopes are all of them together. A group that is not there
 * gives nothing: those of Redis come and go while the file stays.
 */
export function withGroups<T extends Member>(row: T, known: Groups): T {
  if (row.groups.length === 0) return row;
  const mine = row.groups.flatMap((name) => (Object.hasOwn(known, name) ? [known[name] as Groups[string]] : []));
  const { plan = mine.find((one) => one.plan !== undefined)?.plan, roles, scopes, metadata } = row;
  const maps = [metadata, ...mine.map((one) => one.metadata)].filter((map) => map !== undefined).reverse();
  return {
    ...row,
    plan,
    roles: [...new Set([...roles, ...mine.flatMap((one) => one.roles)])],
    scopes: [...new Set([...scopes, ...mine.flatMap((one) => one.scopes)])],
    metadata: maps.length === 0 ? undefined : Object.assign({}, ...maps),
  };
}

/** Reports plans of groups that the file doesn't have. */
export function checkGroups(known: Groups, plans: readonly string[], report: Report): void {
  for (const [name, { plan }] of Object.entries(known))
    checkName('plan', plan, plans, ['groups', name, 'plan'], report);
}
