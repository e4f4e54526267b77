import { z } from 'zod';
import { createAcceptance, RefusedScheme, type Verdict } from '../auth/accept.ts';
import { ApiKeys, createApiKeyScheme, withoutParameter } from '../auth/api-keys.ts';
import { type AuthRequirement, authOption, type SchemeName } from '../auth/auth-option.ts';
import { checkConsumers, consumerRow } from '../auth/consumers.ts';
import { FailureLimit, failureLimitKind } from '../auth/failure-limit.ts';
import { applyIdentity, type Scheme } from '../auth/identity.ts';
import { checkIssuers, createEnvironmentIssuers, createIssuer, issuerRow } from '../auth/issuers.ts';
import { jwksKind, type KeyPlace, RemoteKeys } from '../auth/jwks.ts';
import { createJwtScheme, TokenVerifier } from '../auth/jwt.ts';
import { Revocations, revocationsKind } from '../auth/revocations.ts';
import { contextOf, type RequestContext } from '../context.ts';
import { GatewayError } from '../errors.ts';
import { defineStage, type StageDeps } from '../stage.ts';

const keys = {
  auth: authOption
    .prefault(['jwt', 'api-key'])
    .describe(
      'Who may call: "none", a scheme, a list (any of them), {"any": [...], "optional": true} or {"all": [...]}. Default ["jwt", "api-key"].',
    ),
  forwardCredentials: z.boolean().default(false).describe('Sends the credential on to the service. Default false.'),
};

const fileKeys = {
  consumers: z.array(consumerRow).default([]).describe('Applications that call, and the hashes of their API keys.'),
  issuers: z
    .array(issuerRow)
    .default([])
    .describe('Who may sign tokens; one more can come from the environment (JWT_*).'),
};

interface Shared {
  readonly apiKeys: ApiKeys;
  readonly tokens: TokenVerifier;
  readonly failures: FailureLimit;
}

/**
 * Proves who calls, by API key or token: 401 `unauthenticated` without a credential, 401 `invalid_credential` with a
 * wrong one, 503 `auth_unavailable` when what decides does not answer. `auth: "none"` costs nothing and reads nothing.
 */
export const authenticateStage = defineStage({
  name: 'authenticate',
  keys,
  fileKeys,

  check(file, _routes, report) {
    checkConsumers(file.consumers, report);
    checkIssuers(file.issuers, report);
  },

  prepare(file, deps): Shared {
    const { lease, clock, log, redis, settings } = deps;
    const findKeys = (place: KeyPlace) =>
      lease.use(jwksKind, JSON.stringify(place), () => new RemoteKeys({ place, clock, log }));
    const issuers = [
      ...file.issuers.map((row) => createIssuer(row, findKeys)),
      ...createEnvironmentIssuers(settings.jwt, findKeys),
    ];
    const revocations = lease.use(revocationsKind, '', () => new Revocations({ clock, log, redis }));
    return {
      apiKeys: new ApiKeys(file.consumers),
      tokens: new TokenVerifier(issuers, revocations),
      failures: lease.use(failureLimitKind, '', () => new FailureLimit(clock)),
    };
  },

  create({ auth, forwardCredentials }, route, deps, shared) {
    if (!route.matched || auth.mode === 'none') return undefined;
    const schemes = auth.schemes.map((name) => createScheme(name, auth, shared));
    const accept = createAcceptance(schemes, auth.mode);
    const refuse = createRefusals(schemes, shared.failures);
    const ownParameter = forwardCredentials ? undefined : auth.apiKeyQuery;
    if (schemes.every((scheme) => !scheme.isConfigured)) warnUnusable(route.name, deps);

    function settle(context: RequestContext, verdict: Verdict): GatewayError | undefined {
      if (verdict === undefined) {
        if (!auth.optional) return refuse(context, undefined);
        context.trace?.push({ stage: 'authenticate', decision: 'anonymous' });
        return undefined;
      }
      if (verdict instanceof RefusedScheme) return refuse(context, verdict);
      applyIdentity(context, verdict);
      if (ownParameter !== undefined) context.query = withoutParameter(context.query, ownParameter);
      context.trace?.push({ stage: 'authenticate', decision: describe(context) });
      return undefined;
    }

    return function authenticate(req, _res, next) {
      const context = contextOf(req);
      const verdict = accept(context, deps.clock.now());
      if (verdict instanceof Promise) verdict.then((late) => next(settle(context, late)), next);
      else next(settle(context, verdict));
    };
  },
});

function createScheme(name: SchemeName, auth: AuthRequirement, { apiKeys, tokens }: Shared): Scheme {
  return name === 'jwt' ? createJwtScheme(tokens) : createApiKeyScheme(apiKeys, auth.apiKeyQuery);
}

/** Makes the refusals of a route: each with the challenges of all its schemes (RFC 9110, section 11.6.1). */
function createRefusals(schemes: readonly Scheme[], failures: FailureLimit) {
  const challenges = schemes.map(({ challenge }) => challenge).filter((challenge) => challenge !== '');
  const plain = challenges.join(', ');
  const isConfigured = schemes.some((scheme) => scheme.isConfigured);
  const nothingSent = isConfigured ? undefined : NOTHING_CONFIGURED;

  return function refuse(context: RequestContext, refused: RefusedScheme | undefined): GatewayError {
    context.trace?.push({ stage: 'authenticate', decision: refused?.refusal.reason ?? 'no credential was sent' });
    if (refused === undefined) return new GatewayError('unauthenticated', nothingSent, withChallenge(plain));
    const { reason, isUnavailable, cause } = refused.refusal;
    if (isUnavailable) return new GatewayError('auth_unavailable', undefined, { cause });
    const waitSeconds = context.dryRun ? undefined : failures.count(context.clientAddress);
    if (waitSeconds !== undefined)
      return new GatewayError('too_many_failures', undefined, { retryAfterSeconds: waitSeconds });
    const challenge = refused.scheme === 'jwt' ? plain.replace(BEARER, tokenChallenge(reason)) : plain;
    return new GatewayError('invalid_credential', `${capitalise(reason)}.`, { ...withChallenge(challenge), cause });
  };
}

const BEARER = 'Bearer realm="turnpike"';
const NOTHING_CONFIGURED =
  'No credential can be accepted here yet: the gateway has neither a consumer with a key nor an issuer of tokens (see docs/authentication.md).';

/** Only where a token was sent (RFC 6750, section 3.1); reasons are our own words, without quotes. */
function tokenChallenge(reason: string): string {
  return `${BEARER}, error="invalid_token", error_description="${reason}"`;
}

function withChallenge(challenge: string) {
  return challenge === '' ? {} : { headers: ['WWW-Authenticate', challenge] };
}

function capitalise(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
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
