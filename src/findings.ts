import { type FindingRow, SECURITY } from './findings/security.ts';

export type { FindingRow, Severity } from './findings/security.ts';

const ROUTING = {
  'route-never-reached': {
    severity: 'warning',
    title: 'Earlier routes with the same conditions take all methods of a route.',
    fix: 'Give the routes other methods, or take one out.',
  },
  'regex-never-reached': {
    severity: 'warning',
    title:
      'A longer prefix takes every path that a `pathRegex` could match: the longest prefix wins before it is looked at.',
    fix: 'Put the `pathRegex` on a route with that longer prefix.',
  },
  'host-loses-requests': {
    severity: 'warning',
    title: 'A route with `hosts` loses requests to a longer prefix of any host.',
    fix: 'Give `hosts` to each of them.',
  },
  'dollar-segment': {
    severity: 'warning',
    title: '`$id` in a prefix is taken by the letter.',
    fix: 'Write `:id`.',
  },
  'target-is-gateway': {
    severity: 'error',
    title: 'A target is the gateway itself, which would call itself until all places are taken.',
    fix: 'Give the port of the service.',
    bySettings: true,
  },
  'cache-without-service': {
    severity: 'warning',
    title: '`cache` stands on a route whose answers the gateway makes itself: it does nothing.',
    fix: 'Take it out.',
  },
  'websocket-refused': {
    severity: 'warning',
    title: '`websocket` stands beside a stage that refuses every WebSocket.',
    fix: 'Leave `websocket` out, or take the guard off.',
  },
  'websocket-cookie-refused': {
    severity: 'warning',
    title: '`websocket.origins` names pages whose cookie is refused for want of `cors.credentials`.',
    fix: 'Name them in `cors.origins`, with `"credentials": true`.',
  },
  'fault-injected': {
    severity: 'warning',
    title: 'A route fails on purpose.',
    fix: 'Take `fault` out where it is not for a test.',
  },
  'nobody-can-call': {
    severity: 'warning',
    title: 'Routes answer 401 to everyone, since no credential that they accept is configured.',
    fix: 'Set one of the `JWT_` settings, or add `issuers` or `consumers`.',
    bySettings: true,
  },
} as const satisfies Record<string, FindingRow>;

const LIMITS = {
  'limit-never-reached': {
    severity: 'warning',
    title: 'A limit can never be reached, since another one of the same list is reached before it.',
    fix: 'Take it out, or let the longer window allow more than the shorter and less than its multiple.',
  },
  'plan-above-gateway': {
    severity: 'warning',
    title: 'A limit of a plan can never be reached, since the whole file allows less.',
    fix: 'Lower it, or raise that of the file.',
  },
  'quota-forgotten': {
    severity: 'warning',
    title: 'A quota is counted in this process alone, and a restart forgets it.',
    fix: 'Set `REDIS_URL`.',
    bySettings: true,
  },
  'timeout-never-reached': {
    severity: 'warning',
    title: '`timeouts.headers` is longer than `total`, which ends all attempts before.',
    fix: 'Shorten it, or raise `total`.',
  },
  'timeout-above-balancer': {
    severity: 'info',
    title: 'A deadline is longer than 60 s, after which most load balancers in front give up on a silent answer.',
    fix: 'Raise the idle timeout of the load balancer above it, or shorten the deadline.',
  },
} as const satisfies Record<string, FindingRow>;

const REST = {
  'consumers-without-redis': {
    severity: 'warning',
    title: '`consumerStore` is `redis`, and `REDIS_URL` is not set: no API key can be checked.',
    fix: 'Set `REDIS_URL`.',
    bySettings: true,
  },
  'token-key-of-one-process': {
    severity: 'warning',
    title: 'Tokens for services are signed with a key that one process alone has.',
    fix: 'Name a key in `serviceTokens.key`.',
    bySettings: true,
  },
  'stray-setting': {
    severity: 'warning',
    title: 'A variable looks like a setting and is none.',
    fix: 'Write it as the setting is called, or take it out.',
    bySettings: true,
  },
  'other-warning': {
    severity: 'warning',
    title: 'Something else that `start` warns of, an own stage for one.',
    fix: 'It says itself what to do.',
    bySettings: true,
  },
  'ignore-without-reason': {
    severity: 'warning',
    title: 'A comment silences findings and does not say why.',
    fix: 'Write `// turnpike-ignore ID: the reason`.',
  },
  'ignore-unused': {
    severity: 'warning',
    title: 'A comment silences what is not found there.',
    fix: 'Take it out, or put it on the line before the key or the route, or at its end.',
  },
} as const satisfies Record<string, FindingRow>;

/**
 * THE TABLE: everything that `turnpike check` can find in a configuration that is right as it stands. An id never
 * changes its meaning, since comments silence findings by it. docs/checking.md is written from here.
 */
export const FINDINGS = { ...SECURITY, ...ROUTING, ...LIMITS, ...REST };

/** The same in parts, for the page. */
export const FINDING_GROUPS = { Security: SECURITY, Routes: ROUTING, 'Limits and deadlines': LIMITS, 'The rest': REST };

export type FindingId = keyof typeof FINDINGS;

export function isFindingId(id: string): id is FindingId {
  return Object.hasOwn(FINDINGS, id);
}
