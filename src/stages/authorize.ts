import type { z } from 'zod';
import type { AuthRequirement } from '../auth/auth-option.ts';
import { authorizeOption, type Condition, compileRules, type Denial } from '../auth/authorization-rules.ts';
import { challengeOf, scopeChallenge } from '../auth/challenges.ts';
import { contextOf } from '../context.ts';
import { GatewayError } from '../errors.ts';
import { defineStage, type Report } from '../stage.ts';

const keys = {
  authorize: authorizeOption
    .optional()
    .describe('What a proven caller must be allowed: roles, scopes, claims, consumers, per method.'),
};

// `auth` belongs to the stage before; a rule about callers makes no sense where nobody asks who calls.
interface AuthorizeRoute {
  readonly auth?: AuthRequirement | undefined;
  readonly authorize?: z.output<typeof authorizeOption> | undefined;
}

/** Lets a proven caller do what its roles, scopes and claims allow: 403 `forbidden` or `insufficient_scope`. */
export const authorizeStage = defineStage({
  name: 'authorize',
  keys,

  check(_file: unknown, routes: readonly AuthorizeRoute[], report: Report) {
    routes.forEach(({ auth, authorize }, index) => {
      if (authorize === undefined || auth?.mode !== 'none') return;
      report(
        ['routes', index, 'authorize'],
        'the route has auth "none", so there is no caller to authorize',
        'name a scheme in "auth", or remove "authorize"',
      );
    });
  },

  create({ authorize: rules, auth }: AuthorizeRoute, route) {
    if (rules === undefined || !route.matched) return undefined;
    const challenge = challengeOf(auth?.schemes ?? ['jwt']);
    const forAll = compileRules(rules);
    const byMethod = new Map<string, readonly Condition[]>();
    for (const [method, more] of Object.entries(rules.methods ?? {}))
      byMethod.set(method, [...forAll, ...compileRules(more)]);
    const forGet = byMethod.get('GET');
    if (forGet !== undefined && !byMethod.has('HEAD')) byMethod.set('HEAD', forGet);

    return function authorize(req, _res, next) {
      const context = contextOf(req);
      // Where identity is optional nobody may have come: who calls is asked before what is allowed.
      if (context.authMethod === undefined) {
        context.trace?.push({ stage: 'authorize', decision: 'refused: nobody is authenticated' });
        next(new GatewayError('unauthenticated', undefined, { headers: ['WWW-Authenticate', challenge] }));
        return;
      }
      for (const condition of byMethod.get(context.method) ?? forAll) {
        const denial = condition(context);
        if (denial === undefined) continue;
        context.trace?.push({ stage: 'authorize', decision: `refused: ${denial.detail}` });
        next(refuse(denial));
        return;
      }
      context.trace?.push({ stage: 'authorize', decision: 'allowed' });
      next();
    };
  },
});

/** A missing scope can be mended by another token, and RFC 6750, section 3.1 says how to tell the client. */
function refuse({ detail, scopes }: Denial): GatewayError {
  if (scopes === undefined) return new GatewayError('forbidden', detail);
  return new GatewayError('insufficient_scope', detail, { headers: ['WWW-Authenticate', scopeChallenge(scopes)] });
}
