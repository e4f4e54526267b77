import type { RequestContext } from '../context.ts';
import { hasBody } from '../lib/has-body.ts';
import { RequestBody } from './request-body.ts';

/**
 * The body of a request, the same for all who ask; undefined where it has none. Whoever does not ask pays nothing, and
 * what nobody reads whole streams from the client to the service.
 */
export function bodyOf(context: RequestContext): RequestBody | undefined {
  if (context.body === undefined && hasBody(context.req)) {
    context.body = new RequestBody(context.req, context.res, context.maxBodyBytes, context.clientAddress);
  }
  return context.body;
}
