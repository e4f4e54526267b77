import { z } from 'zod';
import type { AuthRequirement } from '../auth/auth-option.ts';
import { defineStage, type Report } from '../stage.ts';

const keys = {
  shadow: z
    .array(z.enum(['ipAccess', 'authenticate', 'authorize', 'concurrency', 'rateLimit']))
    .optional()
    .describe(
      'Stages that only report what they would have refused: log, metric turnpike_shadow_refusals_total. Not for `defaults`.',
    ),
};

interface ShadowedRoute {
  readonly shadow?: readonly string[] | undefined;
  readonly auth?: AuthRequirement | undefined;
  readonly authorize?: unknown;
  readonly ipAllow?: unknown;
  readonly ipDeny?: unknown;
  readonly concurrency?: unknown;
}

/**
 * Owns the key `shadow`; the snapshot wraps the stages that it names. Shadowing `authenticate` lets everybody in, so
 * it must not happen by accident: the route has to say itself what `auth` it is trying out, and enforce nothing that
 * rests on knowing the caller.
 */
export const shadowStage = defineStage({
  name: 'shadow',
  keys,

  check(_file: unknown, routes: readonly ShadowedRoute[], report: Report) {
    routes.forEach((route, index) => {
      const reportHere = (message: string, hint: string) => report(['routes', index, 'shadow'], message, hint);
      checkAuthenticate(route, reportHere);
      for (const name of route.shadow ?? []) {
        const missing = missingKeyOf(name, route);
        if (missing !== undefined) {
          reportHere(
            `the route has no ${missing}, so there is nothing for "${name}" to report`,
            `add it, or leave out "${name}"`,
          );
        }
      }
    });
  },

  create: () => undefined,
});

function checkAuthenticate(
  { shadow = [], auth, authorize }: ShadowedRoute,
  report: (message: string, hint: string) => void,
): void {
  if (!shadow.includes('authenticate') || auth === undefined) return;
  if (auth.mode === 'none') {
    report('the route has auth "none": there is nothing to shadow', 'name in "auth" what is to be tried out');
  } else if (auth.isImplied) {
    const hint = 'write "auth" in the route to say that this is meant';
    report('this would open a route that is protected by default', hint);
  } else if (authorize !== undefined && !shadow.includes('authorize')) {
    const hint = 'name "authorize" in "shadow" too';
    report('"authorize" needs a proven caller, and "authenticate" is only reported', hint);
  }
}

/** What a shadowed stage would need on the route to be there at all; limits may come from the file. */
function missingKeyOf(name: string, { authorize, ipAllow, ipDeny, concurrency }: ShadowedRoute): string | undefined {
  if (name === 'authorize' && authorize === undefined) return '"authorize"';
  if (name === 'concurrency' && concurrency === undefined) return '"concurrency"';
  return name === 'ipAccess' && ipAllow === undefined && ipDeny === undefined ? '"ipAllow" or "ipDeny"' : undefined;
}
