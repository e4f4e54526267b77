import { z } from 'zod';
import { consumerName, endOfKey, groupList, keyId, metadataMap, roleList, scopeList } from './caller-facts.ts';

/** The bodies that the admin API and /-/me/keys take; they are what their OpenAPI document says too. */

const facts = {
  plan: z.string().min(1).max(128),
  groups: groupList,
  roles: roleList,
  scopes: scopeList,
  metadata: metadataMap,
};

export const consumerInput = z.strictObject({
  name: consumerName,
  ...z.strictObject(facts).partial().shape,
});

/** JSON Merge Patch (RFC 7396), one level deep: null takes a member away, `metadata` is replaced as a whole. */
export const consumerPatch = z.strictObject({
  plan: facts.plan.nullish(),
  groups: facts.groups.nullish(),
  roles: facts.roles.nullish(),
  scopes: facts.scopes.nullish(),
  metadata: facts.metadata.nullish(),
});

const duration = z
  .string()
  .regex(/^\d{1,9}(?:\.\d{1,3})?(?:ms|s|m|h|d)$/, 'expected a duration such as "24h" or "90d"')
  .describe('A duration such as "24h" or "90d".');

const end = {
  expiresAt: endOfKey.optional().describe('When the key ends.'),
  expiresIn: duration.optional().describe('The same as a duration from now on.'),
};

const oneEnd = {
  check: ({ expiresAt, expiresIn }: { expiresAt?: unknown; expiresIn?: unknown }) =>
    expiresAt === undefined || expiresIn === undefined,
  message: 'expected "expiresAt" or "expiresIn", not both',
};

export const keyInput = z
  .strictObject({
    id: keyId.optional().describe('Default: the next of k1, k2 and so on. A second key of one id is 409.'),
    ...end,
    scopes: scopeList.optional().describe("Some of the consumer's scopes. Default: all of them."),
    metadata: metadataMap.optional(),
  })
  .refine(oneEnd.check, oneEnd.message);

/** What a consumer may say of a key of its own: metadata are for whoever runs the gateway to give. */
export const ownKeyInput = z
  .strictObject({ id: keyId.optional(), ...end, scopes: scopeList.optional() })
  .refine(oneEnd.check, oneEnd.message);

export const rotateInput = z
  .strictObject({
    overlap: duration.default('24h').describe('How long the old key goes on. Default 24h.'),
    ...end,
  })
  .refine(oneEnd.check, oneEnd.message);

export type ConsumerPatch = z.output<typeof consumerPatch>;
