import type { RequestContext } from '../context.ts';
import type { McpCall } from './calls.ts';

const known = new WeakMap<RequestContext, readonly McpCall[]>();

/** Tells later stages what was found in a request that may pass; a stream that is only listened to has no calls. */
export function rememberCalls(context: RequestContext, calls: readonly McpCall[]): void {
  known.set(context, calls);
}

/** What the guard has found; undefined where it has let nothing pass, or is only tried out. */
export function callsOf(context: RequestContext): readonly McpCall[] | undefined {
  return known.get(context);
}
