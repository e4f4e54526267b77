import type { RequestContext } from '../context.ts';
import { GatewayError } from '../errors.ts';
import { decodeContent, isIdentity, UndecodableContent } from '../lib/decode-content.ts';
import { JsonTooDeep, parseJsonExactly } from '../lib/json-text.ts';
import { bodyOf } from './body-of.ts';
import { turnFor } from './heavy.ts';
import type { RequestBody } from './request-body.ts';

/**
 * The body of a request as JSON, read, decoded and parsed once for all who ask; undefined where the request has none.
 * To be asked for where the Content-Type is one of JSON. Numbers that a double can't hold are kept as they were written:
 * see `isRawNumber`. Nobody changes the value: what is to be sent instead goes through `replaceBody`.
 *
 * Rejects with `bad_body` (400) for what is no JSON or nested too deep, `unsupported_media_type` (415) for an unknown
 * Content-Encoding, `body_too_large` (413) over the route's limit, before or after decoding, `overloaded` (503) where too
 * much is being read at once.
 */
export function jsonBodyOf(context: RequestContext): Promise<unknown> | undefined {
  const body = bodyOf(context);
  if (body === undefined) return undefined;
  body.json ??= readJson(context);
  return body.json;
}

async function readJson(context: RequestContext): Promise<unknown> {
  const bytes = await plainBodyOf(context);
  await turnFor(context, bytes.length);
  try {
    return parseJsonExactly(bytes.toString());
  } catch (error) {
    if (error instanceof JsonTooDeep) throw new GatewayError('bad_body', `The body is ${error.message}.`);
    if (error instanceof SyntaxError) throw new GatewayError('bad_body', 'The body is no JSON.', { cause: error });
    throw error;
  }
}

/** The whole body without its Content-Encoding, decoded once for all; empty where there is none. Rejects as `jsonBodyOf` does. */
export function plainBodyOf(context: RequestContext): Promise<Buffer> {
  const body = bodyOf(context);
  if (body === undefined) return Promise.resolve(Buffer.alloc(0));
  body.plain ??= readPlain(context, body);
  return body.plain;
}

async function readPlain(context: RequestContext, body: RequestBody): Promise<Buffer> {
  const bytes = await body.whole();
  const coding = context.req.headers['content-encoding'];
  if (isIdentity(coding)) return bytes;
  try {
    return await decodeContent(bytes, coding, context.maxBodyBytes);
  } catch (error) {
    if (error instanceof UndecodableContent) throw refusalOf(error);
    throw error;
  }
}

function refusalOf(error: UndecodableContent): GatewayError {
  const detail = `The body: ${error.message}.`;
  if (error.reason === 'unknown coding') return new GatewayError('unsupported_media_type', detail);
  return new GatewayError(error.reason === 'too large' ? 'body_too_large' : 'bad_body', detail, { cause: error });
}

/**
 * Puts other content in the place of the request's body: what later stages and the service get. It has no
 * Content-Encoding, and the Content-Type that is given, or else its own.
 */
export function replaceBody(context: RequestContext, bytes: Buffer, contentType?: string): void {
  bodyOf(context)?.replace(bytes);
  const { headers } = context.req;
  delete headers['content-encoding'];
  const kept: string[] = [];
  const { upstreamHeaders: fields } = context;
  for (let i = 0; i < fields.length; i += 2) {
    const name = (fields[i] as string).toLowerCase();
    if (CONTENT_FIELDS.has(name) || (name === 'content-type' && contentType !== undefined)) continue;
    kept.push(fields[i] as string, fields[i + 1] as string);
  }
  if (contentType !== undefined) {
    headers['content-type'] = contentType;
    kept.push('Content-Type', contentType);
  }
  context.upstreamHeaders = kept;
}

/** What is true of one content alone (RFC 9110, section 8.4; RFC 9530; RFC 1864). */
const CONTENT_FIELDS = new Set(['content-encoding', 'content-digest', 'repr-digest', 'digest', 'content-md5']);
