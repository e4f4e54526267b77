import type { RequestContext } from '../context.ts';
import type { Decision } from './decision.ts';
import { quotaOf, secondsOf, type Window } from './window.ts';

/**
 * The header fields that tell a client its limits: `RateLimit-Policy` names all windows, `RateLimit` the tightest
 * (draft-ietf-httpapi-ratelimit-headers-10), and the older `X-RateLimit-*` say the same with an epoch in seconds.
 * All that doesn't change from call to call is rendered once, or once a month where a quota counts months: its `w` is the
 * month that is. (The draft has the window evaluated statically or dynamically, and the same over a sequence of answers.)
 */
export class LimitHeaders {
  readonly #named: readonly Window[];
  readonly #month: Window | undefined;
  #policies = '';
  /** Number of the month that they were rendered in. */
  #renderedIn: number | undefined;
  readonly #starts = new Map<Window, { readonly rateLimit: string; readonly limit: string }>();

  /** `before`: the windows that were decided on in an earlier step, which `RateLimit-Policy` names too. */
  constructor(windows: readonly Window[], before: readonly Window[] = []) {
    this.#named = [...before, ...windows];
    this.#month = this.#named.find(({ quota }) => quota === 'month');
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
    put(context, 'RateLimit-Policy', this.#policiesAt(nowMs));
    if (!isTightest) return;
    const { remaining, resetSeconds } = decision;
    put(context, 'RateLimit', `${start.rateLimit}${remaining};t=${resetSeconds}`);
    put(context, 'X-RateLimit-Limit', start.limit);
    put(context, 'X-RateLimit-Remaining', String(remaining));
    put(context, 'X-RateLimit-Reset', String(Math.floor(nowMs / 1000) + resetSeconds));
  }

  /**
   * Adds them beside those of an earlier decision, which goes on holding: lists of both (RFC 9651, section 3.1). The
   * older fields can tell one alone, and tell the one that refuses.
   */
  addBeside(context: RequestContext, decision: Decision, nowMs: number): void {
    const start = this.#starts.get(decision.window);
    if (start === undefined) return;
    const { remaining, resetSeconds, allowed } = decision;
    append(context, 'RateLimit-Policy', this.#policiesAt(nowMs));
    append(context, 'RateLimit', `${start.rateLimit}${remaining};t=${resetSeconds}`);
    if (allowed) return;
    put(context, 'X-RateLimit-Limit', start.limit);
    put(context, 'X-RateLimit-Remaining', String(remaining));
    put(context, 'X-RateLimit-Reset', String(Math.floor(nowMs / 1000) + resetSeconds));
  }

  #policiesAt(nowMs: number): string {
    const number = this.#month?.period(nowMs).number ?? 0;
    if (number !== this.#renderedIn) {
      this.#renderedIn = number;
      this.#policies = this.#named.map((window) => renderPolicy(window, nowMs)).join(', ');
    }
    return this.#policies;
  }
}

function put(context: RequestContext, name: string, value: string): void {
  const fields = context.extraHeaders;
  const at = fields === undefined ? -1 : fields.indexOf(name);
  if (fields === undefined || at < 0) context.addHeader(name, value);
  else fields[at + 1] = value;
}

function append(context: RequestContext, name: string, value: string): void {
  const fields = context.extraHeaders;
  const at = fields === undefined ? -1 : fields.indexOf(name);
  if (fields === undefined || at < 0) context.addHeader(name, value);
  else fields[at + 1] = `${fields[at + 1]}, ${value}`;
}

function renderPolicy(window: Window, nowMs: number): string {
  return `${renderName(window.name)};q=${quotaOf(window)};w=${secondsOf(window, nowMs)}`;
}

/** A name as a string of structured fields (RFC 9651, section 4.1.6): printable ASCII, quotes and backslashes escaped. */
function renderName(name: string): string {
  return `"${name.replace(/[^\x20-\x7e]/g, '?').replace(/["\\]/g, '\\$&')}"`;
}
