import type { RequestContext } from '../context.ts';
import type { Consumer } from '../facts.ts';
import { readCookie } from '../lib/read-cookie.ts';
import { hashApiKey } from './api-key-format.ts';

/** Who called, as it is kept of a request that is over: what its credential said, and not the credential. */
export interface RecordedCaller {
  /** The schemes that let it in; empty where none was asked, or none has. */
  readonly methods: readonly string[];
  /** Why the credential was refused, where it was. */
  readonly refused?: { readonly code: string; readonly reason: string } | undefined;
  /** SHA-256 of the API key in hex, whether it was known or not. */
  readonly keyHash?: string | undefined;
  readonly consumer?: RecordedConsumer | undefined;
  readonly subject?: string | undefined;
  readonly issuer?: string | undefined;
  readonly roles: readonly string[];
  readonly scopes: readonly string[];
  readonly plan?: string | undefined;
  readonly claims?: Readonly<Record<string, unknown>> | undefined;
}

type RecordedConsumer = Pick<Consumer, 'name' | 'plan' | 'roles'> & {
  readonly metadata?: readonly (readonly [string, string])[] | undefined;
};

/** What is kept of the caller of a request that has ended. */
export function recordCaller(context: RequestContext): RecordedCaller {
  const { authMethod, consumer, subject, issuer, roles, scopes, plan, claims, req } = context;
  const { errorCode, errorDetail = '', refusedBy } = context;
  const isRefused = refusedBy === 'authenticate' && errorCode !== undefined;
  const sent = req.headers['x-api-key'];
  return {
    methods: authMethod?.split('+') ?? [],
    ...(isRefused && { refused: { code: errorCode, reason: errorDetail } }),
    keyHash: consumer?.key?.sha256 ?? (typeof sent === 'string' ? hashApiKey(sent) : undefined),
    consumer: consumer && {
      name: consumer.name,
      plan: consumer.plan,
      roles: consumer.roles,
      metadata: consumer.metadata && [...consumer.metadata],
    },
    subject,
    issuer,
    roles,
    scopes,
    plan,
    claims,
  };
}

/** The caller of a request that is decided anew, and what the verdict over it leans on that nobody can decide anew. */
export interface Retold {
  readonly caller: RecordedCaller;
  /** Epoch milliseconds: what ends is judged as it was then. */
  readonly atMs: number;
  /** `issuer:NAME` whose keys are taken to be the same, `scheme:NAME` whose verdict is taken over. */
  readonly leansOn: Set<string>;
}

const retold = new WeakMap<RequestContext, Retold>();

/** From now on this caller stands in the place of the credential that the request doesn't have. */
export function retell(context: RequestContext, told: Retold): void {
  retold.set(context, told);
}

export function retoldOf(context: RequestContext): Retold | undefined {
  return retold.get(context);
}

/** Nobody can tell what would become of the request. */
export class Undecided extends Error {}

/** Where credentials of one kind may be. */
export interface Places {
  readonly fields: readonly string[];
  /** The word that `Authorization` begins with, in lower case; undefined where it is not read, `*` for any. */
  readonly word: string | undefined;
  readonly cookie?: string | undefined;
  readonly parameter?: string | undefined;
}

/** Whether a credential was there; of those that were only its place is known. */
export function wasSent({ req, query }: RequestContext, { fields, word, cookie, parameter }: Places): boolean {
  const { authorization = '', cookie: cookies } = req.headers;
  if (fields.some((name) => req.headers[name] !== undefined)) return true;
  if (word !== undefined && authorization !== '' && (word === '*' || authorization.toLowerCase().startsWith(word)))
    return true;
  if (cookie !== undefined && readCookie(cookies, cookie) !== undefined) return true;
  return parameter !== undefined && new URLSearchParams(query).has(parameter);
}
