import { bodyOf } from '../../body/body-of.ts';
import { jsonBodyOf, plainBodyOf, replaceBody } from '../../body/json-body.ts';
import type { RequestContext } from '../../context.ts';
import { GatewayError, type ProblemEntry } from '../../errors.ts';
import { hasBody } from '../../lib/has-body.ts';
import { messageFormOf } from './content-type.ts';
import type { GraphqlGuard, Judged } from './guard.ts';
import { QueryFault } from './query-fault.ts';
import { type GraphqlMessage, readMessages } from './read-message.ts';
import { holdsMessage, readUrlMessage, renderUrlMessage } from './read-url.ts';

/** What is left of a name in the log; of a batch so many are named. */
const MAX_NAME_CHARS = 128;
const MAX_NAMES = 10;

/** Judges what one request asks for; `rewrite` puts what was judged in the place of what came. */
export interface GuardedRequest {
  readonly judged: readonly Judged[];
  rewrite(): void;
}

/** Guards a GET or HEAD, whose message is in its URL. Throws `GatewayError`. */
export function guardUrl(guard: GraphqlGuard, context: RequestContext): GuardedRequest {
  const { query } = context;
  return asRefusals(() => {
    if (hasBody(context.req)) throw new QueryFault('a body that came with a GET');
    const message = readUrlMessage(query);
    if (message === undefined) throw new QueryFault('it has no query');
    const judged = judgeAll(guard, context, [message], false);
    if (judged.some(({ mayMutate }) => mayMutate)) {
      // GraphQL over HTTP, section 5.4: a page, a cache or a crawler may send a GET without anybody's will.
      throw new GatewayError('method_not_allowed', 'A mutation must be sent by POST.', { headers: ['Allow', 'POST'] });
    }
    const [{ rendered }] = judged as [Judged];
    const rewrite = (): void => {
      context.query = renderUrlMessage(query, rendered);
    };
    return { judged, rewrite };
  });
}

/** Throws where a POST can't be one of GraphQL, before anything of its body is read. */
export function checkPost({ req, query }: RequestContext): void {
  if (messageFormOf(req) === undefined) {
    throw new GatewayError('unsupported_media_type', 'Send application/json or application/graphql, in UTF-8.');
  }
  asRefusals(() => {
    if (holdsMessage(query)) throw new QueryFault('a part of it is in the URL of a POST');
  });
}

/** Reads all of the body, once; rejects as that does. */
export async function readUpload(context: RequestContext): Promise<void> {
  await bodyOf(context)?.whole();
}

/** Guards a POST whose body was read. Rejects with `GatewayError`. */
export async function guardBody(
  guard: GraphqlGuard,
  context: RequestContext,
  maxBatch: number,
): Promise<GuardedRequest> {
  const body =
    messageFormOf(context.req) === 'document'
      ? { query: (await plainBodyOf(context)).toString() }
      : await jsonBodyOf(context);
  return asRefusals(() => {
    const { messages, isBatch } = readMessages(body, maxBatch);
    const judged = judgeAll(guard, context, messages, isBatch);
    const told = judged.map(({ rendered }) => rendered);
    const bytes = (): Buffer => Buffer.from(JSON.stringify(isBatch ? told : told[0]));
    return { judged, rewrite: () => replaceBody(context, bytes(), 'application/json') };
  });
}

function judgeAll(
  guard: GraphqlGuard,
  context: RequestContext,
  messages: readonly GraphqlMessage[],
  isBatch: boolean,
): readonly Judged[] {
  const judged = messages.map((message, index) => {
    const pointer = isBatch ? `/${index}/query` : '/query';
    try {
      return { ...guard.judge(message), pointer };
    } catch (error) {
      throw error instanceof QueryFault ? refusalOf([entryOf(error.message, pointer, error.known)]) : error;
    }
  });
  context.operation = namesOf(judged);
  const faults = [
    ...judged.flatMap(({ excess, pointer }) => excess.map((one) => entryOf(one, pointer))),
    ...guard.excessOfAll(judged).map((one) => entryOf(one)),
  ];
  if (faults.length > 0) throw refusalOf(faults);
  return judged;
}

function namesOf(judged: readonly Judged[]): string {
  const names = judged.slice(0, MAX_NAMES).flatMap(({ name }) => name?.slice(0, MAX_NAME_CHARS) ?? []);
  return names.join(' ');
}

function entryOf(detail: string, pointer?: string, message = detail): ProblemEntry {
  return { ...(pointer !== undefined && { pointer }), detail, message };
}

function refusalOf(errors: readonly ProblemEntry[]): GatewayError {
  const said = [...new Set(errors.map(({ detail }) => detail))].slice(0, MAX_NAMES).join('; ');
  return new GatewayError('query_refused', `The query is refused: ${said}.`, { errors });
}

function asRefusals<T>(act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw error instanceof QueryFault ? refusalOf([entryOf(error.message)]) : error;
  }
}
