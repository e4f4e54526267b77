import { z } from 'zod';
import type { OutsideIssuer } from '../stage.ts';

/** What an issuer is called; undefined is the one that the environment sets without a name. */
export type IssuerName = string | undefined;

/** The parts of the file that issue tokens. */
export interface IssuingFile {
  readonly issuers: readonly { readonly issuer: string }[];
  readonly introspection?: { readonly url: string; readonly issuer?: string | undefined } | undefined;
}

/** All whose tokens are accepted: those of the file, the environment's, and the server that knows opaque tokens. */
export function listIssuers({ issuers, introspection }: IssuingFile, outside: OutsideIssuer | undefined): IssuerName[] {
  const names: IssuerName[] = issuers.map(({ issuer }) => issuer);
  if (outside !== undefined) names.push(outside.name);
  if (introspection !== undefined) names.push(introspectionIssuer(introspection));
  return [...new Set(names)];
}

/** Whose tokens an introspection server knows: what it says it is, else its own address without a query. */
export function introspectionIssuer({ url, issuer }: NonNullable<IssuingFile['introspection']>): string {
  return issuer ?? (url.split('?', 1)[0] as string);
}

/** What an issuer may give: `issuers[].allow` and `introspection.allow`. */
export const allowOption = z
  .strictObject({
    roles: z
      .array(z.string().min(1).max(128))
      .optional()
      .describe('Roles it may give; others are left out. Default: any.'),
    plans: z.array(z.string().min(1)).optional().describe('Plans it may give; another counts as none. Default: any.'),
  })
  .optional()
  .describe('What its tokens may give to whom they speak for, at most.');
