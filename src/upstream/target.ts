import { z } from 'zod';
import { hashText } from '../lib/hash-text.ts';
import { isHostName } from '../lib/host-name.ts';
import { FailureRow } from './target-failure.ts';
import type { Transport } from './transport.ts';

/** One address of a service as configuration or discovery names it. Its identity is `url`. */
export interface TargetSpec {
  /** `scheme://host:port[/base]`, normalised: lower-case host, no default port, no slash at the end. */
  readonly url: string;
  /** Share of the traffic relative to the other targets; 0 takes it out. */
  readonly weight: number;
}

export type ActiveHealth = 'up' | 'down' | 'unknown';

export const DEFAULT_WEIGHT = 1;
const MAX_WEIGHT = 65_535;

/** An observation this old counts for a third. */
const LATENCY_DECAY_MS = 1_500;
/** Without news for so long, the next observation stands alone. */
const LATENCY_FORGOTTEN_AFTER_MS = 2_000;

/**
 * One address of a service, and what the gateway has learned about it. It lives as long as its address is in the
 * service's list, through reloads and answers of discovery. Times are on the `performance.now()` scale.
 */
export class Target {
  readonly url: string;
  /** `scheme://host[:port]`. */
  readonly origin: string;
  /** Path that the address itself has, without a slash at the end; often empty. */
  readonly basePath: string;
  /** Even spread over 32 bits, the same in every process: for hashing, and as a name that tells no address. */
  readonly seed: number;
  /** The address in the form that http-proxy-middleware wants. */
  readonly location: URL;
  /** The connections to it. */
  readonly transport: Transport;
  weight: number;
  inFlight = 0;
  /** Moving average of the time to the response head, in milliseconds; 0 while nothing is known. See `observe`. */
  latencyMs = 0;
  observedAtMs = 0;
  /** When it was asked last for want of news, though another was less busy; the balancer's. */
  exploredAtMs = 0;
  /** Credit in smooth weighted round-robin; the balancer's. */
  turn = 0;

  // Health
  /** From a passive ejection until its trial call, or active checks, end it. */
  isEjected = false;
  /** When the trial call of the last ejection is or was due; 0 when there was none. */
  ejectedUntilMs = 0;
  /** When the trial call that is under way began; 0 when there is none. */
  trialSinceMs = 0;
  consecutiveFailures = 0;
  /** For operators. */
  readonly failures = new FailureRow();
  /** Ejections in a row, for the growing time. */
  ejections = 0;
  activeHealth: ActiveHealth = 'unknown';
  /** When it came back last, for the slow start; 0 when it never left. */
  recoveredAtMs = 0;

  constructor(spec: TargetSpec, transport: Transport) {
    const { origin, basePath } = splitTargetUrl(spec.url);
    this.url = spec.url;
    this.location = new URL(spec.url);
    this.origin = origin;
    this.basePath = basePath;
    this.seed = hashText(spec.url);
    this.transport = transport;
    this.weight = spec.weight;
  }

  /**
   * Takes a measured time to the response head into the average: up at once, down slowly (a peak-sensitive moving
   * average, as Finagle's), since a target that has just become slow must be left at once.
   */
  observe(latencyMs: number, nowMs: number): void {
    if (latencyMs >= this.latencyMs || nowMs - this.observedAtMs > LATENCY_FORGOTTEN_AFTER_MS) {
      this.latencyMs = latencyMs;
    } else {
      const keep = Math.exp((this.observedAtMs - nowMs) / LATENCY_DECAY_MS);
      this.latencyMs = this.latencyMs * keep + latencyMs * (1 - keep);
    }
    this.observedAtMs = nowMs;
  }
}

/** Origin and base path of a normalised target URL. */
export function splitTargetUrl(url: string): { origin: string; basePath: string } {
  const { origin, pathname } = new URL(url);
  return { origin, basePath: pathname === '/' ? '' : pathname.replace(/\/+$/, '') };
}

/** The URL in its one spelling, or undefined when it isn't a plain http(s) address (credentials, query, fragment). */
export function normalizeTargetUrl(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined;
  const { protocol, hostname, username, password, search, hash } = new URL(text);
  if ((protocol !== 'http:' && protocol !== 'https:') || !isHostName(hostname)) return undefined;
  if (username !== '' || password !== '' || search !== '' || hash !== '') return undefined;
  const { origin, basePath } = splitTargetUrl(text);
  return origin + basePath;
}

/**
 * The list of targets after the addresses have changed: those that stay keep all that was learned, with the new
 * weight; `create` makes new ones, and `leave` is told of those that are gone (their requests run on).
 */
export function reconcileTargets(
  current: readonly Target[],
  specs: readonly TargetSpec[],
  create: (spec: TargetSpec) => Target,
  leave: (target: Target) => void,
): readonly Target[] {
  const known = new Map(current.map((target) => [target.url, target]));
  const next = new Map<string, Target>();
  for (const spec of specs) {
    const target = next.get(spec.url) ?? known.get(spec.url) ?? create(spec);
    target.weight = spec.weight;
    next.set(spec.url, target);
  }
  for (const target of current) if (!next.has(target.url)) leave(target);
  return [...next.values()];
}

/** Host, port and path alone: what may be repeated, since it holds no password. */
const WITHOUT_SCHEME = /^(wss?:\/\/|\/\/)?(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(:\d{1,5})?(\/[\w./-]*)?$/;

/** What an address was probably meant to be that lacks its scheme, or has that of WebSockets. */
function suggestTargetUrl(text: string): string | undefined {
  const [, scheme = '', ...rest] = WITHOUT_SCHEME.exec(text) ?? [];
  const url = normalizeTargetUrl(`${scheme === 'wss://' ? 'https' : 'http'}://${rest.join('')}`);
  if (url === undefined) return undefined;
  const why = scheme.startsWith('ws') ? ' A WebSocket begins as a request of HTTP.' : '';
  return `Did you mean "${url}"?${why}`;
}

/** A target's address in the file, normalised. */
export const targetUrl = z
  .string({ error: 'expected an address such as "http://localhost:4001"' })
  .transform((text, context) => {
    const url = normalizeTargetUrl(text);
    if (url !== undefined) return url;
    const message = 'expected an address such as "http://localhost:4001", without credentials, query or fragment';
    const hint = suggestTargetUrl(text);
    context.addIssue({ code: 'custom', message, ...(hint !== undefined && { params: { hint } }) });
    return z.NEVER;
  })
  .describe('Address of the service: scheme://host:port, with a path where the service lives below one.');

export const targetWeight = z
  .number()
  .int()
  .min(0)
  .max(MAX_WEIGHT)
  .describe('Share of the traffic relative to the other targets. Default 1; 0 takes the target out.');

/** The key `targets`: addresses, or addresses with their weight. */
export const targetsOption = z
  .array(
    z.union([
      targetUrl.transform((url): TargetSpec => ({ url, weight: DEFAULT_WEIGHT })),
      z.strictObject({ url: targetUrl, weight: targetWeight.default(DEFAULT_WEIGHT) }),
    ]),
  )
  .min(1)
  .max(1000)
  .describe('Addresses of the service, each a string or { "url", "weight" }.');
