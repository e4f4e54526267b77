import type { RequestContext } from '../context.ts';
import { ERRORS, type ErrorCode, GatewayError, type PassedOn } from '../errors.ts';
import { HEADER_MISMATCH, type McpFault } from './message-fault.ts';

/** A longer ID than this is nobody's, and is not repeated. */
const MAX_ID_CHARS = 256;

/**
 * The answer to a refused message as its client expects it: an error of JSON-RPC, under the status of HTTP (MCP
 * 2026-07-28, Streamable HTTP). What the gateway calls it stands in `error.data`.
 */
export function answerInProtocol(
  context: RequestContext,
  code: ErrorCode,
  error: { readonly rpcCode: number; readonly message: string; readonly id: unknown },
): PassedOn {
  const { status } = ERRORS[code];
  const body = JSON.stringify({
    jsonrpc: '2.0',
    ...(isTellable(error.id) && { id: error.id }),
    error: {
      code: error.rpcCode,
      message: error.message,
      data: { type: context.errorsUrl + code, status, code, requestId: context.requestId || undefined },
    },
  });
  return { status, fields: { 'content-type': 'application/json' }, body: Buffer.from(body) };
}

/** The refusal of a message that could not be read, 400: `header_mismatch`, or `bad_body`. */
export function faultRefusal(context: RequestContext, { rpcCode, message, id }: McpFault): GatewayError {
  const code = rpcCode === HEADER_MISMATCH ? 'header_mismatch' : 'bad_body';
  const detail = code === 'bad_body' ? `The body is no message of MCP that can pass: ${message}.` : `${message}.`;
  return new GatewayError(code, detail, {
    passedOn: answerInProtocol(context, code, { rpcCode, message: detail, id }),
  });
}

/** JSON-RPC knows strings, numbers and null; numbers that a double can't hold are kept as they were written. */
function isTellable(id: unknown): boolean {
  if (typeof id === 'string') return id.length <= MAX_ID_CHARS;
  if (typeof id === 'number') return true;
  return typeof id === 'object' && id !== null && 'rawJSON' in id && String(id.rawJSON).length <= MAX_ID_CHARS;
}
