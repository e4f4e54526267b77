import type { IncomingMessage } from 'node:http';
import { writeAudit } from '../../auth/audit.ts';
import { type AuditedChange, changeAudited, type ToldOfChange } from '../../auth/audited-change.ts';
import type { Changed, ReadConsumer, RedisConsumers } from '../../auth/redis-consumers.ts';
import { GatewayError } from '../../errors.ts';
import { findDuplicateKey } from '../../lib/duplicate-keys.ts';
import { JsonTooDeep, parseJsonExactly } from '../../lib/json-text.ts';
import { isJsonType } from '../../lib/media-type.ts';
import { actorOf } from '../actor.ts';
import type { AdminSource } from '../answer.ts';

const MAX_BODY_BYTES = 64 * 1024;
/** How long others may be faster. */
const CONTEND_MS = 5000;

/** One call of the API. */
export interface ConsumerCall {
  readonly source: Pick<AdminSource, 'deps' | 'gateway'>;
  readonly store: RedisConsumers;
  readonly req: IncomingMessage;
  readonly query: URLSearchParams;
  /** The body as JSON; an empty object where there is none. */
  readonly body: unknown;
  readonly nowMs: number;
}

/** The body of a call, whole and bounded. Throws `body_too_large`, `unsupported_media_type` or `bad_body`. */
export async function readBody(req: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of piecesOf(req)) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES)
      throw new GatewayError('body_too_large', `The body is larger than ${MAX_BODY_BYTES} bytes.`);
    chunks.push(chunk);
  }
  if (bytes === 0) return {};
  if (!isJsonType(req.headers['content-type']))
    throw new GatewayError('unsupported_media_type', 'Send application/json.');
  const text = Buffer.concat(chunks).toString();
  const value = parse(text);
  const twice = findDuplicateKey(text);
  if (twice !== undefined) throw new GatewayError('bad_body', `The body has ${twice} twice.`);
  return value;
}

/** What comes of the body; a client that leaves is no fault of ours. */
async function* piecesOf(req: IncomingMessage): AsyncGenerator<Buffer> {
  try {
    yield* req as AsyncIterable<Buffer>;
  } catch (cause) {
    throw new GatewayError('client_closed', undefined, { cause });
  }
}

function parse(text: string): unknown {
  try {
    return parseJsonExactly(text);
  } catch (cause) {
    if (cause instanceof JsonTooDeep) throw new GatewayError('bad_body', `The body is ${cause.message}.`);
    throw new GatewayError('bad_body', 'The body is no JSON.', { cause });
  }
}

/**
 * Changes a consumer if it is as the caller last saw it (If-Match), and writes the line of it; throws
 * `precondition_failed` where it is not.
 */
export function changeIfMatch<T>(
  call: ConsumerCall,
  name: string,
  { make, told }: Pick<AuditedChange<T>, 'make' | 'told'>,
): Promise<Changed<T>> {
  const wanted = call.req.headers['if-match'];
  return changeAudited(call.store, {
    name,
    make(before) {
      if (wanted !== undefined && !matches(wanted, before?.tag)) throw new GatewayError('precondition_failed');
      return make(before);
    },
    withinMs: CONTEND_MS,
    told,
    write: (line) => audit(call, line),
  });
}

/** If-Match (RFC 9110, section 13.1.1): a weak tag matches nothing. */
function matches(wanted: string, tag: string | undefined): boolean {
  if (tag === undefined) return false;
  return wanted.trim() === '*' || wanted.split(',').some((one) => one.trim() === tag);
}

function audit({ source, req }: ConsumerCall, told: ToldOfChange): void {
  writeAudit(source.deps, {
    by: 'admin',
    actor: actorOf(req),
    address: req.socket.remoteAddress,
    ...told,
  });
}

export function need(before: ReadConsumer | undefined, name: string): ReadConsumer {
  if (before === undefined) throw new GatewayError('consumer_not_found', `There is no consumer "${name}".`);
  return before;
}
