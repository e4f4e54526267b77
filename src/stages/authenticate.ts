import { hash } from 'node:crypto';
import { z } from 'zod';
import { createAcceptance, RefusedScheme, type Verdict } from '../auth/accept.ts';
import { ApiKeys, type KeyIndex, withoutParameter } from '../auth/api-keys.ts';
import { type AuthRequirement, authOption } from '../auth/auth-option.ts';
import { Passwords } from '../auth/basic.ts';
import { ClientCertificates } from '../auth/client-certificate.ts';
import { type ConsumerRow, checkConsumers, consumerRow } from '../auth/consumers.ts';
import { type Credentials, createSchemes } from '../auth/credentials.ts';
import { FailureLimit, failureLimitKind } from '../auth/failure-limit.ts';
import { applyIdentity } from '../auth/identity.ts';
import {
  Introspection,
  type IntrospectionOptions,
  introspectionKind,
  introspectionOption,
} from '../auth/introspection.ts';
import { checkIssuers, createEnvironmentIssuers, createIssuer, type IssuerRow, issuerRow } from '../auth/issuers.ts';
import { jwksKind, type KeyPlace, RemoteKeys } from '../auth/jwks.ts';
import { TokenVerifier } from '../auth/jwt.ts';
import { RedisApiKeys } from '../auth/redis-api-keys.ts';
import { createRefusals } from '../auth/refusals.ts';
import { Revocations, revocationsKind } from '../auth/revocations.ts';
import { contextOf, type RequestContext } from '../context.ts';
import type { GatewayError } from '../errors.ts';
import { defineStage, type StageDeps } from '../stage.ts';

const keys = {
  auth: authOption.describe(
    'Who may call: "none", a scheme, a list (any of them), {"any": [...], "optional": true} or {"all": [...]}. Default ["jwt", "api-key"].',
  ),
  forwardCredentials: z.boolean().default(false).describe('Sends the credential on to the service. Default false.'),
};

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
  readonly failures: FailureLimit;
}

/**
 * Proves who calls: 401 `unauthenticated` without a credential, 401 `invalid_credential` with a wrong one, 503
 * `auth_unavailable` when what decides does not answer. `auth: "none"` costs nothing and reads nothing.
 */
export const authenticateStage = defineStage({
  name: 'authenticate',
  keys,
  fileKeys,

  check(file, routes, report) {
    checkConsumers(file.consumers, report);
    checkIssuers(file.issuers, report);
    routes.forEach(({ auth }, index) => {
      if (file.introspection !== undefined || !auth.schemes.includes('introspection')) return;
      report(['routes', index, 'auth'], 'nobody to introspect tokens is configured', 'add "introspection" to the file');
    });
  },

  prepare(file, deps): Shared {
    return {
      apiKeys: createKeyIndex(file, deps),
      passwords: new Passwords(file.consumers),
      certificates: new ClientCertificates(file.consumers),
      tokens: createTokenVerifier(file.issuers, deps),
      introspection: file.introspection && createIntrospection(file.introspection, deps),
      failures: deps.lease.use(failureLimitKind, '', () => new FailureLimit(deps.clock)),
    };
  },

  create({ auth, forwardCredentials }, route, deps, shared) {
    if (!route.matched || auth.mode === 'none') return undefined;
    const schemes = createSchemes(auth, shared);
    const accept = createAcceptance(schemes, auth.mode);
    const settle = createSettle(auth, forwardCredentials, createRefusals(schemes, shared.failures));
    if (schemes.every((scheme) => !scheme.isConfigured)) warnUnusable(route.name, deps);

    return function authenticate(req, _res, next) {
      const context = contextOf(req);
      const verdict = accept(context, deps.clock.now());
      if (verdict instanceof Promise) verdict.then((late) => next(settle(context, late)), next);
      else next(settle(context, verdict));
    };
  },
});

type Refuse = ReturnType<typeof createRefusals>;

/** Keys of the file, or of Redis; without REDIS_URL the latter answer 503, and the log says why. */
function createKeyIndex(
  file: { consumers: readonly ConsumerRow[]; consumerStore: 'file' | 'redis' },
  deps: StageDeps,
): KeyIndex {
  if (file.consumerStore === 'file') return new ApiKeys(file.consumers);
  const { redis, clock, log } = deps;
  if (redis === undefined) log.warn('consumerStore is "redis", but REDIS_URL is not set: no API key can be checked');
  return new RedisApiKeys(redis, clock, log);
}

/** Writes the verdict into the context; answers the error where there is one. */
function createSettle(auth: AuthRequirement, forwardCredentials: boolean, refuse: Refuse) {
  const ownParameter = forwardCredentials ? undefined : auth.apiKeyQuery;

  return function settle(context: RequestContext, verdict: Verdict): GatewayError | undefined {
    if (verdict instanceof RefusedScheme) return refuse(context, verdict);
    if (verdict === undefined) {
      if (!auth.optional) return refuse(context, undefined);
      context.trace?.push({ stage: 'authenticate', decision: 'anonymous' });
      return undefined;
    }
    applyIdentity(context, verdict);
    if (ownParameter !== undefined) context.query = withoutParameter(context.query, ownParameter);
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

function warnUnusable(route: string, { log }: StageDeps): void {
  log.warn(
    `route "${route}" needs a credential, but nothing that it accepts is configured: it answers 401 to everyone`,
    { route },
  );
}
