import { answerJson } from '../answer/own.ts';
import { contextOf, type RequestContext } from '../context.ts';
import { createCallerLimits } from '../limits/caller-limits.ts';
import { createLimits } from '../limits/create-limits.ts';
import { limitsKind } from '../limits/limits.ts';
import { limitsFileKeys } from '../limits/schema.ts';
import { defineStage } from '../stage.ts';

/**
 * `GET /-/me`: tells a caller who it is here, by what it proved that, and what it may still do. Asking counts in no
 * limit, so that a client can look before it acts.
 */
export const meStage = defineStage({
  name: 'me',

  fileReads: limitsFileKeys,

  prepare(file, deps) {
    return createCallerLimits(
      file,
      deps.lease.use(limitsKind, '', () => createLimits(deps)),
      deps.hidden.hide,
    );
  },

  create(_options, route, _deps, limitsOf) {
    if (route.own !== 'me') return undefined;

    return async function me(req, _res, next) {
      const context = contextOf(req);
      context.trace?.push({ stage: 'me', decision: 'tells the caller who it is: 200' });
      if (context.dryRun) return next();
      answerJson(context, 200, { ...describeCaller(context), ...(await limitsOf(context)) });
    };
  },
});

function describeCaller(context: RequestContext) {
  const { consumer, subject, issuer, tellsIssuer, authMethod, roles, scopes, credentialExpiresAtMs } = context;
  return {
    consumer: consumer?.name ?? null,
    user: subject ?? null,
    issuer: tellsIssuer ? (issuer ?? null) : undefined,
    authMethod,
    roles,
    scopes,
    credentialExpiresAt: credentialExpiresAtMs === undefined ? null : new Date(credentialExpiresAtMs).toISOString(),
  };
}
