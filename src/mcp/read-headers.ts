import { isUtf8 } from 'node:buffer';
import type { RequestContext } from '../context.ts';
import { toldField } from '../idempotency/told-field.ts';
import { distinctFields } from '../lib/distinct-fields.ts';
import { type McpCall, NAMING_IN_BODY, NAMING_METHODS } from './calls.ts';
import { HEADER_MISMATCH, McpFault } from './message-fault.ts';
import { checkMethod, readName } from './read-messages.ts';

/** The first version of the protocol whose servers check the fields against the body. */
const FIRST_CHECKED_VERSION = '2026-07-28';

const METHOD = 'mcp-method';
const NAME = 'mcp-name';

/**
 * The call that the fields of a request tell of; undefined where they do not tell all of it, or are of a version of the
 * protocol whose servers check nothing: then the body has to be read. Throws `McpFault` where they contradict themselves.
 */
export function readHeaders(context: RequestContext): McpCall | undefined {
  refuseRepeated(context);
  const version = toldField(context, 'mcp-protocol-version') ?? '';
  if (!/^\d{4}-\d\d-\d\d$/.test(version) || version < FIRST_CHECKED_VERSION) return undefined;
  const method = toldField(context, METHOD)?.trim();
  if (method === undefined || NAMING_IN_BODY.has(method)) return undefined;
  checkMethod(method);
  const naming = NAMING_METHODS.get(method);
  if (naming === undefined) return { method, id: undefined, asks: [], headerName: undefined };
  const field = toldField(context, NAME);
  if (field === undefined) throw new McpFault(HEADER_MISMATCH, `"${method}" needs the header field Mcp-Name`);
  const name = readName(decodeValue(field), 'Mcp-Name');
  return {
    method,
    id: undefined,
    asks: naming.kind === undefined ? [] : [{ kind: naming.kind, name }],
    headerName: name,
  };
}

/**
 * Throws `McpFault` where the fields that the service is told say something else than the body (MCP 2026-07-28, Server
 * Validation), whatever version the client speaks: whoever reads the other one would do something else.
 */
export function compareHeaders(context: RequestContext, calls: readonly McpCall[]): void {
  refuseRepeated(context);
  const [method, name] = [toldField(context, METHOD)?.trim(), toldField(context, NAME)];
  if (method === undefined && name === undefined) return;
  const [call, ...more] = calls;
  if (call === undefined || more.length > 0) {
    throw new McpFault(HEADER_MISMATCH, 'Mcp-Method and Mcp-Name belong to one call, and the body is none, or several');
  }
  if (method !== undefined && method !== call.method)
    throw new McpFault(HEADER_MISMATCH, 'Mcp-Method is another method than that of the body', call.id);
  if (name !== undefined && call.headerName !== undefined && decodeValue(name, call.id) !== call.headerName)
    throw new McpFault(HEADER_MISMATCH, 'Mcp-Name is another name than that of the body', call.id);
}

/** One reader takes the first of two, another the last. */
function refuseRepeated({ req }: RequestContext): void {
  const fields = distinctFields(req.rawHeaders);
  for (const name of [METHOD, NAME, 'mcp-protocol-version']) {
    if ((fields.get(name)?.length ?? 0) > 1) throw new McpFault(HEADER_MISMATCH, `${name} stands more than once`);
  }
}

const ENCODED = /^=\?base64\?(.*)\?=$/;

/** A value without the coding that it has where it is no plain ASCII (MCP 2026-07-28, Value Encoding). */
export function decodeValue(field: string, id?: unknown): string {
  const text = field.trim();
  const encoded = ENCODED.exec(text)?.[1];
  if (encoded === undefined) {
    if (/^[\t\x20-\x7e]*$/.test(text)) return text;
    throw new McpFault(HEADER_MISMATCH, 'Mcp-Name is no plain ASCII', id);
  }
  const bytes = Buffer.from(encoded, 'base64');
  // Written in the one way that all readers read alike.
  if (bytes.toString('base64') !== encoded || !isUtf8(bytes))
    throw new McpFault(HEADER_MISMATCH, 'Mcp-Name is no Base64 of UTF-8', id);
  return bytes.toString();
}
