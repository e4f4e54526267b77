/**
 * Which request header fields may be sent on to a service.
 *
 * The verdict on a field name is remembered by the name as it was written, so a usual request costs one map look-up
 * a field. The memory is bounded.
 */
export interface HeaderFilter {
  /** True when a field of this name may pass. */
  passes(name: string): boolean;
  /** How many names are remembered now. */
  readonly remembered: number;
}

/** One hop only (RFC 9110, section 7.6.1), or how the message is framed: nobody but the gateway sets them. */
const ONE_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
  'expect',
  'host',
  'content-length',
]);

/**
 * Set anew by the gateway; an override of the path or method that was checked; or what a proxy before a service says
 * of who calls (RFC 9440 and the fields of auth proxies), which from a client is a claim without proof.
 */
const NEVER = new Set([
  ...ONE_HOP,
  'forwarded',
  'x-real-ip',
  'x-request-id',
  'x-correlation-id',
  'x-request-timeout-ms',
  'traceparent',
  'tracestate',
  'x-original-url',
  'x-rewrite-url',
  'x-http-method-override',
  'x-http-method',
  'x-method-override',
  'proxy',
  'client-cert',
  'client-cert-chain',
  'remote-user',
  'remote-groups',
  'remote-name',
  'remote-email',
]);

/** What only the gateway may say to a service. */
const RESERVED_PREFIXES = ['x-user-', 'x-consumer-', 'x-auth-', 'x-internal-', 'x-gateway-', 'x-forwarded-'];

const MAX_REMEMBERED = 1_000;
/** Anybody can send names of 16 KiB, and each route remembers its own. */
const MAX_REMEMBERED_CHARS = 64;

/** `alsoDropped`: lower-case names of fields that carry a credential on this route. */
export function createHeaderFilter(alsoDropped: readonly string[]): HeaderFilter {
  const dropped = new Set([...NEVER, ...alsoDropped]);
  const verdicts = new Map<string, boolean>();

  function judge(name: string): boolean {
    const lower = name.toLowerCase();
    // An underscore becomes a dash in many servers' environments (CGI): X_User_Id would be read as X-User-Id.
    const verdict = !dropped.has(lower) && !lower.includes('_') && !isReserved(lower);
    if (name.length > MAX_REMEMBERED_CHARS) return verdict;
    // Begun anew when full: a client that makes names up must not keep the usual ones out for good.
    if (verdicts.size >= MAX_REMEMBERED) verdicts.clear();
    verdicts.set(name, verdict);
    return verdict;
  }

  return {
    passes: (name) => verdicts.get(name) ?? judge(name),
    get remembered() {
      return verdicts.size;
    },
  };
}

/** True for a field that nothing but the connection itself decides about. */
export function isOneHop(lowerName: string): boolean {
  return ONE_HOP.has(lowerName);
}

/** True for a name that only the gateway may use towards a service. */
export function isReserved(lowerName: string): boolean {
  return RESERVED_PREFIXES.some((prefix) => lowerName.startsWith(prefix));
}

/** True for a name that the gateway sets anew or takes away, so that a service can believe it. */
export function isGatewaysOwn(lowerName: string): boolean {
  return NEVER.has(lowerName) || isReserved(lowerName);
}
