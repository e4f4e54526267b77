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
    routes.forEach(({ shadow = [], auth, authorize }, index) => {
      const place = ['routes', index, 'shadow'];
      if (!shadow.includes('authenticate') || auth === undefined) return;
      if (auth.mode === 'none') {
        report(
          place,
          'the route has auth "none": there is nothing to shadow',
          'name in "auth" what is to be tried out',
        );
      } else if (auth.isImplied) {
        report(
          place,
          'this would open a route that is protected by default',
          'write "auth" in the route to say that this is meant',
        );
      } else if (authorize !== undefined && !shadow.includes('authorize')) {
        report(
          place,
          '"authorize" needs a proven caller, and "authenticate" is only reported',
          'name "authorize" in "shadow" too',
        );
      }
    });
  },

  create: () => undefined,
});
