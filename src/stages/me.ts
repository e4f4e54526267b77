import { endAnswer, writeOwnHead } from '../answer/head.ts';
import { contextOf, type RequestContext } from '../context.ts';
import { createCallerLimits } from '../limits/caller-limits.ts';
import { createLimits, limitsKind } from '../limits/limits.ts';
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
    );
  },

  create(_options, route, _deps, limitsOf) {
    if (route.own !== 'me') return undefined;

    return async function me(req) {
      const context = contextOf(req);
      if (context.dryRun) return;
      const body = JSON.stringify({ ...describeCaller(context), ...(await limitsOf(context)) });
      const head = ['content-type', 'application/json', 'content-length', String(Buffer.byteLength(body))];
      writeOwnHead(context, 200, [...head, 'cache-control', 'no-store']);
      endAnswer(context, context.method === 'HEAD' ? undefined : body);
    };
  },
});

function describeCaller({ consumer, subject, authMethod, roles, scopes, credentialExpiresAtMs }: RequestContext) {
  return {
    consumer: consumer?.name ?? null,
    user: subject ?? null,
    authMethod,
    roles,
    scopes,
    credentialExpiresAt: credentialExpiresAtMs === undefined ? null : new Date(credentialExpiresAtMs).toISOString(),
  };
}
