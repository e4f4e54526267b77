import { createAcceptance, RefusedScheme, type Verdict } from '../auth/accept.ts';
import {
  type AuthRequirement,
  authKeys,
  credentialParameter,
  findClash,
  findRepeat,
  hasMetadata,
  peerProofFields,
  tokenPlacesOf,
} from '../auth/auth-option.ts';
import { checkTokenNames } from '../auth/check-names.ts';
import { checkConsumers } from '../auth/consumers.ts';
import { createUnusableWarning } from '../auth/credential-warnings.ts';
import { ExpiredKeys, expiredKeysKind } from '../auth/expired-keys.ts';
import { applyIdentity } from '../auth/identity.ts';
import { withoutParameter } from '../auth/query-credential.ts';
import { retoldOf } from '../auth/recorded.ts';
import { createRecordedChecks } from '../auth/recorded-checks.ts';
import { type CountFailure, type CountKind, createRefusals } from '../auth/refusals.ts';
import {
  type CredentialsFile,
  createChecks,
  credentialFileKeys,
  type PreparedSchemes,
  prepareSchemes,
  SCHEMES,
  schemeOf,
} from '../auth/schemes.ts';
import { createTokenRemover } from '../auth/token-places.ts';
import { contextOf, type RequestContext } from '../context.ts';
import type { GatewayError } from '../errors.ts';
import { noteLapsedKey } from '../lapsed-key.ts';
import { type BansFile, bansFileKeys, createBans } from '../limits/bans.ts';
import { FailureLimit, failureLimitKind } from '../limits/failure-limit.ts';
import { limitsFileKeys } from '../limits/schema.ts';
import { defineStage, type StageDeps } from '../stage.ts';

interface Shared {
  readonly prepared: PreparedSchemes;
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
  fileKeys: credentialFileKeys,
  fileReads: { ...bansFileKeys, plans: limitsFileKeys.plans },
  shadow: { needs: [], opens: 'auth' },

  check(file, routes, report, outside) {
    const plans = Object.keys(file.plans ?? {});
    checkConsumers(file, plans, report);
    checkTokenNames(file, plans, routes, report, outside?.issuer);
    for (const scheme of SCHEMES) scheme.check?.(file, report, usesOf(scheme.name, routes));
    routes.forEach(({ auth, shadow }, index) => {
      if (auth.mode === 'none' && shadow?.includes('authenticate') === true) {
        const hint = 'name in "auth" what is to be tried out';
        report(['routes', index, 'shadow'], 'the route has auth "none": there is nothing to shadow', hint);
      }
      for (const { message, hint } of findAuthFaults(auth, file)) report(['routes', index, 'auth'], message, hint);
    });
  },

  prepare(file, deps): Shared {
    return {
      prepared: prepareSchemes(file, deps),
      ...createFailureCounts(file, deps),
      addUnusable: createUnusableWarning(deps.log),
    };
  },

  create(options, route, deps, shared) {
    const { auth, issuers, forwardCredentials } = options;
    if (!route.matched || auth.mode === 'none') return undefined;
    const checks = createChecks(auth.chosen, issuers, shared.prepared);
    const accept = createAcceptance(checks, auth.mode);
    const acceptRecorded = createAcceptance(createRecordedChecks(auth.chosen, checks), auth.mode);
    // What is only tried out bans nobody.
    const count = route.isShadowed === true ? shared.countFailure : shared.countForBans;
    const refuse = createRefusals(checks, auth.mode, hasMetadata(options), count, createKindCount(route.name, deps));
    // What is only tried out refuses nobody.
    const tell = route.isShadowed === true ? refuse : tellExpired(refuse, deps);
    const settle = createSettle(auth, forwardCredentials, tell);
    // The gateway's own routes need no warning: nobody wrote them.
    if (route.own === undefined && checks.every((check) => !check.isConfigured))
      deps.whenInForce(() => shared.addUnusable(route.name));

    return function authenticate(req, _res, next) {
      const context = contextOf(req);
      const isRetold = context.dryRun && retoldOf(context) !== undefined;
      const verdict = (isRetold ? acceptRecorded : accept)(context, deps.clock.now());
      if (verdict instanceof Promise) verdict.then((late) => next(settle(context, late)), next);
      else next(settle(context, verdict));
    };
  },
});

function usesOf(name: string, routes: readonly { readonly auth: AuthRequirement }[]) {
  return routes.flatMap(({ auth }, route) =>
    auth.chosen.filter((one) => one.name === name).map(({ options }) => ({ route, options })),
  );
}

/** What a route can't ask of its callers, by its own word or with this file. */
function findAuthFaults(auth: AuthRequirement, file: CredentialsFile) {
  return [
    findRepeat(auth) ?? findClash(auth),
    ...auth.schemes.map((name) => schemeOf(name).findMissing?.(file)),
    ...auth.chosen.map(({ name, options }) => schemeOf(name).findFault?.(options, file)),
  ].filter((fault) => fault !== undefined);
}

type Refuse = ReturnType<typeof createRefusals>;

/** Whose key has ended, and is called with all the same, is told to operators. */
function tellExpired(refuse: Refuse, { lease, clock }: StageDeps): Refuse {
  const keys = lease.use(expiredKeysKind, '', () => new ExpiredKeys(clock));
  return function tellAndRefuse(context, refused) {
    const key = refused?.refusal.expired;
    if (key !== undefined && !context.dryRun) {
      keys.count(key);
      noteLapsedKey(context, key);
    }
    return refuse(context, refused);
  };
}

function createFailureCounts(file: BansFile, deps: StageDeps): Pick<Shared, 'countFailure' | 'countForBans'> {
  const failures = deps.lease.use(failureLimitKind, '', () => new FailureLimit(deps.clock));
  const bans = createBans(file, deps);
  const isFirst = createFirstOfWhole();
  const countFailure: CountFailure = (context) => (isFirst(context) ? failures.count(context) : undefined);
  return {
    countFailure,
    countForBans(context) {
      if (!isFirst(context)) return undefined;
      bans?.countFailure(context);
      return failures.count(context);
    },
  };
}

/** Known from the start is what an alert watches: of a series that begins at 1, Prometheus sees no increase. */
function createKindCount(route: string, { metrics }: StageDeps): CountKind {
  metrics.credentialRefusals.labels(route, 'expired_key');
  return (kind) => metrics.credentialRefusals.labels(route, kind).inc();
}

/** Parts of one request are shown the same credential: a wrong one is one guess, not as many as there are parts. */
function createFirstOfWhole(): (context: RequestContext) => boolean {
  const counted = new WeakSet<RequestContext>();
  return function isFirst({ parent }) {
    if (parent === undefined) return true;
    let whole = parent;
    while (whole.parent !== undefined) whole = whole.parent;
    if (counted.has(whole)) return false;
    counted.add(whole);
    return true;
  };
}

/** Writes the verdict into the context; answers the error where there is one. */
function createSettle(auth: AuthRequirement, forwardCredentials: boolean, refuse: Refuse) {
  const ownParameter = forwardCredentials ? undefined : credentialParameter(auth);
  const removeTokens = forwardCredentials ? undefined : createTokenRemover(tokenPlacesOf(auth.chosen));
  // They stop at the door, and go on once they are proven.
  const proofFields = forwardCredentials ? peerProofFields(auth) : [];

  return function settle(context: RequestContext, verdict: Verdict): GatewayError | undefined {
    // Also of a wrong key: neither the log nor, where this is only tried out, the service is given it.
    if (ownParameter !== undefined) context.query = withoutParameter(context.query, ownParameter);
    removeTokens?.(context);
    if (verdict instanceof RefusedScheme) return refuse(context, verdict);
    if (verdict === undefined) {
      if (!auth.optional) return refuse(context, undefined);
      context.trace?.push({ stage: 'authenticate', decision: 'anonymous' });
      return undefined;
    }
    applyIdentity(context, verdict);
    if (context.peerTrusted) sendOn(context, proofFields);
    context.trace?.push({ stage: 'authenticate', decision: describe(context) });
    return undefined;
  };
}

function sendOn({ req, upstreamHeaders }: RequestContext, names: readonly string[]): void {
  for (const name of names) {
    const value = req.headers[name];
    if (typeof value === 'string') upstreamHeaders.push(name, value);
  }
}

function describe({ authMethod, consumer, subject }: RequestContext): string {
  const who = [consumer && `consumer=${consumer.name}`, subject && `sub=${subject}`].filter(Boolean);
  return [authMethod, 'ok', ...who].join(' ');
}
