import { authKeys, hasMetadata } from '../auth/auth-option.ts';
import { authorizeOption, type Condition, compileRules } from '../auth/authorization-rules.ts';
import { challengeOf } from '../auth/challenges.ts';
import { checkRuleConsumers } from '../auth/check-names.ts';
import { refusalOf } from '../auth/denial-refusal.ts';
import { withMetadata } from '../auth/resource-metadata.ts';
import { credentialFileKeys } from '../auth/schemes.ts';
import { contextOf, type RequestContext } from '../context.ts';
import { GatewayError } from '../errors.ts';
import { defineStage } from '../stage.ts';

const keys = {
  authorize: authorizeOption
    .optional()
    .describe('What a proven caller must be allowed: roles, scopes, claims, consumers, per method.'),
};

/** Lets a proven caller do what its roles, scopes and claims allow: 403 `forbidden` or `insufficient_scope`. */
export const authorizeStage = defineStage({
  name: 'authorize',
  keys,
  reads: { auth: authKeys.auth, resourceMetadata: authKeys.resourceMetadata },
  fileReads: { consumers: credentialFileKeys.consumers, consumerStore: credentialFileKeys.consumerStore },
  shadow: { needs: ['authorize'] },

  check({ consumers, consumerStore }, routes, report) {
    const names = consumers.map(({ name }) => name);
    routes.forEach(({ auth, authorize, shadow = [] }, index) => {
      if (authorize === undefined) return;
      // Those in Redis come and go while the file stays.
      if (consumerStore === 'file') checkRuleConsumers(authorize, names, ['routes', index, 'authorize'], report);
      if (auth?.mode === 'none') {
        report(
          ['routes', index, 'authorize'],
          'the route has auth "none", so there is no caller to authorize',
          'name a scheme in "auth", or remove "authorize"',
        );
      } else if (shadow.includes('authenticate') && !shadow.includes('authorize')) {
        const hint = 'name "authorize" in "shadow" too';
        const message = '"authorize" needs a proven caller, and "authenticate" is only reported';
        report(['routes', index, 'shadow'], message, hint);
      }
    });
  },

  create({ authorize: rules, auth, resourceMetadata = false }, route, { hidden }) {
    if (rules === undefined || !route.matched) return undefined;
    const challenge = challengeOf(auth?.schemes ?? ['jwt']);
    const isPublished = auth !== undefined && hasMetadata({ auth, resourceMetadata });
    const say = (challenge: string, context: RequestContext) => [
      'WWW-Authenticate',
      isPublished ? withMetadata(challenge, context) : challenge,
    ];
    const forAll = compileRules(rules, hidden.hide);
    const byMethod = new Map<string, readonly Condition[]>();
    for (const [method, more] of Object.entries(rules.methods ?? {}))
      byMethod.set(method, [...forAll, ...compileRules(more, hidden.hide)]);
    const forGet = byMethod.get('GET');
    if (forGet !== undefined && !byMethod.has('HEAD')) byMethod.set('HEAD', forGet);

    return function authorize(req, _res, next) {
      const context = contextOf(req);
      // Where identity is optional nobody may have come: who calls is asked before what is allowed.
      if (context.authMethod === undefined) {
        context.trace?.push({ stage: 'authorize', decision: 'refused: nobody is authenticated' });
        next(new GatewayError('unauthenticated', undefined, { headers: say(challenge, context) }));
        return;
      }
      for (const condition of byMethod.get(context.method) ?? forAll) {
        const denial = condition(context);
        if (denial === undefined) continue;
        context.trace?.push({ stage: 'authorize', decision: `refused: ${denial.detail}` });
        next(refusalOf(denial, (challenge) => say(challenge, context)));
        return;
      }
      context.trace?.push({ stage: 'authorize', decision: 'allowed' });
      next();
    };
  },
});
