import { QueryFault } from './query-fault.ts';

/** One operation as a client asks for it (GraphQL over HTTP, section 5.1), and as a service is told it. */
export interface GraphqlMessage {
  /** The document; undefined where the client names a listed one. */
  readonly query: string | undefined;
  /** The ID or the SHA-256 by which it names a listed one. */
  readonly id: string | undefined;
  /** The SHA-256 that it sends beside a document, for a service that keeps what it was sent (Apollo's APQ). */
  readonly hash: string | undefined;
  readonly operationName: string | undefined;
  readonly variables: Readonly<Record<string, unknown>> | undefined;
  /** Without `persistedQuery`: the service is told the document itself. */
  readonly extensions: Readonly<Record<string, unknown>> | undefined;
}

type Fields = Readonly<Record<string, unknown>>;

/**
 * Reads a body of JSON: one message, or at most `maxBatch` in an array. Members that are not known here are left out:
 * some services take a document by `id`, `documentId` or `doc_id`, and would run another one than was looked at.
 */
export function readMessages(body: unknown, maxBatch: number): { messages: GraphqlMessage[]; isBatch: boolean } {
  if (!Array.isArray(body)) return { messages: [readMessage(body)], isBatch: false };
  if (body.length === 0) throw new QueryFault('an empty batch');
  if (body.length > maxBatch) throw new QueryFault(`a batch of ${body.length}, at most ${maxBatch}`);
  return { messages: body.map(readMessage), isBatch: true };
}

/** Reads one message. Throws `QueryFault` where a member is of another type than it has to be. */
export function readMessage(value: unknown): GraphqlMessage {
  const fields = objectOf(value, 'the message');
  if (fields === undefined) throw new QueryFault('the message is no object');
  const { persistedQuery, ...extensions } = objectOf(memberOf(fields, 'extensions'), '"extensions"') ?? {};
  const hash = hashOf(persistedQuery);
  const query = textOf(fields, 'query');
  return {
    query,
    id: query === undefined ? (textOf(fields, 'id') ?? textOf(fields, 'documentId') ?? hash) : undefined,
    hash,
    operationName: textOf(fields, 'operationName'),
    variables: objectOf(memberOf(fields, 'variables'), '"variables"'),
    extensions: Object.keys(extensions).length === 0 ? undefined : extensions,
  };
}

/** What the service is told. */
export function renderMessage({ operationName, variables, extensions }: GraphqlMessage, query: string): object {
  return { query, operationName, variables, extensions };
}

function hashOf(persistedQuery: unknown): string | undefined {
  const fields = objectOf(persistedQuery, '"persistedQuery"');
  return fields === undefined ? undefined : textOf(fields, 'sha256Hash')?.toLowerCase();
}

function memberOf(fields: Fields, name: string): unknown {
  return Object.hasOwn(fields, name) ? fields[name] : undefined;
}

/** A member that is a string; absent, null and empty are the same, as most services take them. */
function textOf(fields: Fields, name: string): string | undefined {
  const value = memberOf(fields, name) ?? '';
  if (typeof value !== 'string') throw new QueryFault(`"${name}" is no string`);
  return value === '' ? undefined : value;
}

function objectOf(value: unknown, name: string): Fields | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'object' || Array.isArray(value)) throw new QueryFault(`${name} is no object`);
  return value as Fields;
}
