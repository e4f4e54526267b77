import { hash } from 'node:crypto';
import { z } from 'zod';
import { createAcceptance, RefusedScheme, type Verdict } from '../auth/accept.ts';
import { ApiKeys, type KeyIndex, withoutParameter } from '../auth/api-keys.ts';
import { type AuthRequirement, authKeys } from '../auth/auth-option.ts';
import { Passwords } from '../auth/basic.ts';
import { ClientCertificates } from '../auth/client-certificate.ts';
import { type ConsumerRow, checkConsumers, consumerRow } from '../auth/consumers.ts';
import { createUnusableWarning, warnWithoutAudience } from '../auth/credential-warnings.ts';
import { type Credentials, createSchemes } from '../auth/credentials.ts';
import { applyIdentity } from '../auth/identity.ts';
import {
  Introspection,
  type IntrospectionOptions,
  introspectionKind,
  introspectionOption,
} from '../auth/introspection.ts';
import { checkIssuers, createEnvironmentIssuers, createIssuer, type IssuerRow, issuerRow } from '../auth/issuers.ts';
import { jwksKind, RemoteKeys } from '../auth/jwks.ts';
import { TokenVerifier } from '../auth/jwt.ts';
import type { KeyPlace } from '../auth/key-source.ts';
import { KeyUses, keyUsesKind } from '../auth/key-uses.ts';
import { RedisApiKeys } from '../auth/redis-api-keys.ts';
import { type CountFailure, createRefusals } from '../auth/refusals.ts';
import { Revocations, revocationsKind } from '../auth/revocations.ts';
import { contextOf, type RequestContext } from '../context.ts';
import type { GatewayError } from '../errors.ts';
import { type BansFile, bansFileKeys, createBans } from '../limits/bans.ts';
import { FailureLimit, failureLimitKind } from '../limits/failure-limit.ts';
import { defineStage, type StageDeps } from '../stage.ts';

const fileKeys = {
  consumers: z.array(consumerRow).default([]).describe('Applications that call, and the hashes of their credentials.'),
  consumerStore: z
    .enum(['file', 'redis'])
    .default('file')
    .describe(
      'Where API keys are looked up: in `consumers`, or in Redis, where `turnpike key --redis` puts them. Default file.',
    ),
  issuers: z
    .array(issuerRow)
    .default([])
    .describe('Who may sign tokens; one more can come from the environment (JWT_*).'),
  introspection: introspectionOption.optional().describe('The server that knows opaque tokens (RFC 7662).'),
};

interface Shared extends Credentials {
  /** Counts a wrong credential for the small limit alone, and for the bans too. */
  readonly countFailure: CountFailure;
  readonly countForBans: CountFailure;
  readonly addUnusable: (route: string) => void;
}

/**
 * Proves who calls: 401 `unauthenticated` without a credential, 401 `invalid_credential` with a wrong one, 503
 * `auth_unavailable` when what decides does not answer. `auth: "none"` costs nothing and reads nothing.
 */
export const authenticateStage = defineStage({
  name: 'authenticate',
  keys: authKeys,
  fileKeys,
  fileReads: bansFileKeys,
  shadow: { needs: [], opens: 'auth' },

  check(file, routes, report) {
    checkConsumers(file.consumers, report);
    checkIssuers(file.issuers, report);
    routes.forEach(({ auth, shadow }, index) => {
      if (auth.mode === 'none' && shadow?.includes('authenticate') === true) {
        const hint = 'name in "auth" what is to be tried out';
        report(['routes', index, 'shadow'], 'the route has auth "none": there is nothing to shadow', hint);
      }
      if (file.introspection !== undefined || !auth.schemes.includes('introspection')) return;
      report(['routes', index, 'auth'], 'nobody to introspect tokens is configured', 'add "introspection" to the file');
    });
  },

  prepare(file, deps): Shared {
    warnWithoutAudience(file.issuers, deps.settings.jwt, deps.log);
    return {
      apiKeys: createKeyIndex(file, deps),
      passwords: new Passwords(file.consumers),
      certificates: new ClientCertificates(file.consumers),
      tokens: createTokenVerifier(file.issuers, deps),
      introspection: file.introspection && createIntrospection(file.introspection, deps),
      ...createFailureCounts(file, deps),
      addUnusable: createUnusableWarning(deps.log),
    };
  },

  create(options, route, deps, shared) {
    const { auth, forwardCredentials } = options;
    if (!route.matched || auth.mode === 'none') return undefined;
    const schemes = createSchemes(auth, shared);
    const accept = createAcceptance(schemes, auth.mode);
    // What is only tried out bans nobody.
    const refuse = createRefusals(schemes, route.isShadowed === true ? shared.countFailure : shared.countForBans);
    const settle = createSettle(auth, forwardCredentials, refuse);
    // The gateway's own routes need no warning: nobody wrote them.
    if (route.own === undefined && schemes.every((scheme) => !scheme.isConfigured)) shared.addUnusable(route.name);

    return function authenticate(req, _res, next) {
      const context = contextOf(req);
      const verdict = accept(context, deps.clock.now());
      if (verdict instanceof Promise) verdict.then((late) => next(settle(context, late)), next);
      else next(settle(context, verdict));
    };
  },
});

type Refuse = ReturnType<typeof createRefusals>;

function createFailureCounts(file: BansFile, deps: StageDeps): Pick<Shared, 'countFailure' | 'countForBans'> {
  const failures = deps.lease.use(failureLimitKind, '', () => new FailureLimit(deps.clock));
  const bans = createBans(file, deps);
  const countFailure: CountFailure = (context) => failures.count(context);
  return {
    countFailure,
    countForBans(context) {
      bans?.countFailure(context);
      return countFailure(context);
    },
  };
}

/** Keys of the file, or of Redis; without REDIS_URL the latter answer 503, and the log says why. */
function createKeyIndex(
  file: { consumers: readonly ConsumerRow[]; consumerStore: 'file' | 'redis' },
  deps: StageDeps,
): KeyIndex {
  const { redis, clock, log } = deps;
  if (file.consumerStore === 'file') {
    const uses = deps.lease.use(keyUsesKind, '', () => new KeyUses());
    uses.retain(file.consumers);
    return new ApiKeys(file.consumers, uses);
  }
  if (redis === undefined) log.warn('consumerStore is "redis", but REDIS_URL is not set: no API key can be checked');
  return new RedisApiKeys(redis, clock, log);
}

/** Writes the verdict into the context; answers the error where there is one. */
function createSettle(auth: AuthRequirement, forwardCredentials: boolean, refuse: Refuse) {
  const ownParameter = forwardCredentials ? undefined : auth.apiKeyQuery;

  return function settle(context: RequestContext, verdict: Verdict): GatewayError | undefined {
    // Also of a wrong key: neither the log nor, where this is only tried out, the service is given it.
    if (ownParameter !== undefined) context.query = withoutParameter(context.query, ownParameter);
    if (verdict instanceof RefusedScheme) return refuse(context, verdict);
    if (verdict === undefined) {
      if (!auth.optional) return refuse(context, undefined);
      context.trace?.push({ stage: 'authenticate', decision: 'anonymous' });
      return undefined;
    }
    applyIdentity(context, verdict);
    context.trace?.push({ stage: 'authenticate', decision: describe(context) });
    return undefined;
  };
}

function createTokenVerifier(
  rows: readonly IssuerRow[],
  { lease, clock, log, redis, settings }: StageDeps,
): TokenVerifier {
  const findKeys = (place: KeyPlace) =>
    lease.use(jwksKind, JSON.stringify(place), () => new RemoteKeys({ place, clock, log }));
  const issuers = [
    ...rows.map((row) => createIssuer(row, findKeys)),
    ...createEnvironmentIssuers(settings.jwt, findKeys),
  ];
  return new TokenVerifier(
    issuers,
    lease.use(revocationsKind, '', () => new Revocations({ clock, log, redis })),
  );
}

function createIntrospection(options: IntrospectionOptions, { lease, clock }: StageDeps): Introspection {
  // The options hold a secret, which has no place in a key.
  const key = hash('sha256', JSON.stringify(options));
  return lease.use(introspectionKind, key, () => new Introspection(options, clock));
}

function describe({ authMethod, consumer, subject }: RequestContext): string {
  const who = [consumer && `consumer=${consumer.name}`, subject && `sub=${subject}`].filter(Boolean);
  return [authMethod, 'ok', ...who].join(' ');
}
