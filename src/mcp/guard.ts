import { isUtf8 } from 'node:buffer';
import { bodyOf } from '../body/body-of.ts';
import { jsonBodyOf, plainBodyOf, replaceBody } from '../body/json-body.ts';
import type { RequestContext } from '../context.ts';
import { GatewayError } from '../errors.ts';
import { isIdentity } from '../lib/decode-content.ts';
import { distinctFields } from '../lib/distinct-fields.ts';
import { findDuplicateKey } from '../lib/duplicate-keys.ts';
import { isReadAsUtf8, parseMediaType } from '../lib/media-type.ts';
import type { McpCall } from './calls.ts';
import { INVALID_REQUEST, McpFault } from './message-fault.ts';
import { compareHeaders, readHeaders } from './read-headers.ts';
import { readMessages } from './read-messages.ts';
import { faultRefusal } from './refusal.ts';

/** Where the calls of a request stand. */
export interface ReadCalls {
  readonly calls: readonly McpCall[];
  readonly from: 'headers' | 'body';
}

/** Reads what a POST asks for, by its header fields where those may be believed and tell it, else by its body. */
export async function readCalls(
  context: RequestContext,
  { trustHeaders, maxBatch }: { readonly trustHeaders: boolean; readonly maxBatch: number },
): Promise<ReadCalls> {
  try {
    checkType(context);
    const told = trustHeaders ? readHeaders(context) : undefined;
    if (told !== undefined) return { calls: [told], from: 'headers' };
    const calls = readMessages(await readJson(context), maxBatch);
    compareHeaders(context, calls);
    return { calls, from: 'body' };
  } catch (error) {
    throw error instanceof McpFault ? faultRefusal(context, error) : error;
  }
}

/** What is no JSON for one reader may be it for another: 415 `unsupported_media_type`. */
function checkType({ req }: RequestContext): void {
  const type = req.headers['content-type'] ?? '';
  const parsed = parseMediaType(type);
  const count = distinctFields(req.rawHeaders).get('content-type')?.length ?? 0;
  if (parsed?.type !== 'application/json' || count > 1 || !isReadAsUtf8(parsed))
    throw new GatewayError('unsupported_media_type', 'Send one message of JSON-RPC as application/json, in UTF-8.');
}

async function readJson(context: RequestContext): Promise<unknown> {
  if (bodyOf(context) === undefined) throw new McpFault(INVALID_REQUEST, 'there is none');
  const bytes = await plainBodyOf(context);
  if (!isUtf8(bytes)) throw new McpFault(INVALID_REQUEST, 'it is no UTF-8');
  const value = await jsonBodyOf(context);
  // Parsers do not agree on which of two counts (RFC 8259, section 4).
  if (findDuplicateKey(bytes.toString()) !== undefined)
    throw new McpFault(INVALID_REQUEST, 'a member stands twice in an object');
  // What was read is what is sent: another decoder may read on behind the end of what this one has decoded.
  if (!isIdentity(context.req.headers['content-encoding'])) replaceBody(context, bytes);
  return value;
}
