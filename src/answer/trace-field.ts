import type { RequestContext } from '../context.ts';
import { redactText } from '../lib/redact.ts';

/** In which a client that may debug is told what the stages decided. */
export const TRACE_FIELD = 'x-gateway-trace';
/** Longer heads are refused by some clients. */
const MAX_CHARS = 4_096;

/**
 * What the stages have decided so far, as the value of a field: `stage: decision`, with `; ` between; undefined where
 * nobody asked. Beyond ASCII it is percent-encoded.
 */
export function traceValue(context: RequestContext): string | undefined {
  const { trace, service, target, attempts, cache } = context;
  if (trace === undefined) return undefined;
  const far =
    service === undefined ? [] : [`forward: service ${service}, target ${target ?? 'none'}, attempt ${attempts}`];
  const said = trace.map(({ stage, decision }) => `${stage}: ${decision}`);
  const all = [...said, ...(cache === undefined ? [] : [`cache: ${cache}`]), ...far].map((text) => redactText(text));
  const text = all.join('; ').replaceAll(/[^\x20-\x7e]+/g, (others) => encodeURIComponent(others.toWellFormed()));
  return text.length > MAX_CHARS ? `${text.slice(0, MAX_CHARS - 3)}...` : text;
}
