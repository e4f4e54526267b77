import type { RequestContext } from '../context.ts';
import type { Decision } from './decision.ts';
import { quotaOf, type Window } from './window.ts';

/**
 * The header fields that tell a client its limits: `RateLimit-Policy` names all windows, `RateLimit` the tightest
 * (draft-ietf-httpapi-ratelimit-headers-10), and the older `X-RateLimit-*` say the same with an epoch in seconds.
 * All that doesn't change from call to call is rendered when the windows are compiled.
 */
export class LimitHeaders {
  readonly #policies: string;
  readonly #starts = new Map<Window, { readonly rateLimit: string; readonly limit: string }>();

  /** `before`: the windows that were decided on in an earlier step, which `RateLimit-Policy` names too. */
  constructor(windows: readonly Window[], before: readonly Window[] = []) {
    this.#policies = [...before, ...windows].map(renderPolicy).join(', ');
    for (const window of windows) {
      this.#starts.set(window, { rateLimit: `${renderName(window.name)};r=`, limit: String(quotaOf(window)) });
    }
  }

  /**
   * Adds the fields to the answer, whether the call was allowed or refused. Where an earlier step has added them, they
   * are replaced; with `isTightest` false by the names of all windows alone.
   */
  add(context: RequestContext, decision: Decision, nowMs: number, isTightest = true): void {
    const start = this.#starts.get(decision.window);
    if (start === undefined) return;
    put(context, 'RateLimit-Policy', this.#policies);
    if (!isTightest) return;
    const { remaining, resetSeconds } = decision;
    put(context, 'RateLimit', `${start.rateLimit}${remaining};t=${resetSeconds}`);
    put(context, 'X-RateLimit-Limit', start.limit);
    put(context, 'X-RateLimit-Remaining', String(remaining));
    put(context, 'X-RateLimit-Reset', String(Math.floor(nowMs / 1000) + resetSeconds));
  }
}

function put(context: RequestContext, name: string, value: string): void {
  const fields = context.extraHeaders;
  const at = fields === undefined ? -1 : fields.indexOf(name);
  if (fields === undefined || at < 0) context.addHeader(name, value);
  else fields[at + 1] = value;
}

function renderPolicy(window: Window): string {
  return `${renderName(window.name)};q=${quotaOf(window)};w=${Math.ceil(window.windowMs / 1000)}`;
}

/** A name as a string of structured fields (RFC 9651, section 4.1.6): printable ASCII, quotes and backslashes escaped. */
function renderName(name: string): string {
  return `"${name.replace(/[^\x20-\x7e]/g, '?').replace(/["\\]/g, '\\$&')}"`;
}
