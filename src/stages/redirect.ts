import { z } from 'zod';
import { answerOwn } from '../answer/own.ts';
import { contextOf } from '../context.ts';
import { isHostName } from '../lib/host-name.ts';
import { mountOf } from '../lib/mount-path.ts';
import { encodeOctet } from '../lib/percent-encode.ts';
import { matchKeys } from '../routing/keys.ts';
import { checkRewrite, createPathRewriter, rewriteKeys } from '../routing/rewrite.ts';
import { defineStage } from '../stage.ts';

const ABSOLUTE = /^(https?:\/\/[^/\\?#@]+)(.*)$/i;

/** Where a redirect leads: the origin, empty for our own, and the path. Undefined for what is neither path nor address. */
function splitDestination(to: string): { origin: string; path: string } | undefined {
  const [, origin, path = ''] = ABSOLUTE.exec(to) ?? [];
  if (origin === undefined) return to.startsWith('/') ? { origin: '', path: to } : undefined;
  return isHostName(URL.parse(origin)?.hostname ?? '') ? { origin, path: path === '' ? '/' : path } : undefined;
}

const destination = z.string().transform((to, context) => {
  const split = splitDestination(to);
  if (split === undefined) {
    const message = 'expected a path such as "/new", or an address such as "https://new.example.com/docs"';
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  }
  const path = rewriteKeys.rewritePrefix.safeParse(split.path);
  if (path.success) return split;
  context.addIssue({ code: 'custom', message: path.error.issues[0]?.message ?? 'is no path' });
  return z.NEVER;
});

const redirectOption = z.strictObject({
  to: destination.describe(
    'What stands in the place of the matched prefix: a path, which may use its `:name` segments, or an address. The rest of the path and the query are kept; a slash at its end stays where there is no rest.',
  ),
  status: z
    .literal([301, 302, 303, 307, 308])
    .default(308)
    .describe('308 and 307 keep method and body, 301 and 308 are kept by browsers. Default 308.'),
});

/** Sends the client elsewhere, by a path or an address of the file alone: nothing that a client sends names a host. */
export const redirectStage = defineStage({
  name: 'redirect',
  keys: { redirect: redirectOption.optional().describe('Answers with a redirect instead of asking a service.') },
  reads: { prefix: matchKeys.prefix, exact: matchKeys.exact, pathRegex: matchKeys.pathRegex },

  check(_file, routes, report) {
    const prefixes = routes.flatMap(({ prefix }) => prefix);
    routes.forEach((route, index) => {
      const { redirect, prefix } = route;
      if (redirect === undefined) return;
      const at = ['routes', index, 'redirect'];
      checkRewrite({ prefix, stripPrefix: true, rewritePrefix: redirect.to.path }, at, report);
      if (redirect.to.origin !== '' || !leadsBack(route, redirect, prefixes)) return;
      const hint = route.exact ? 'to add a slash say "pathRegex": "[^/]$"' : 'say "exact": true, or lead elsewhere';
      report([...at, 'to'], 'leads back to the route itself, and so on for ever', hint);
    });
  },

  create({ redirect: options }) {
    if (options === undefined) return undefined;
    const { status, to } = options;
    const rewrite = createPathRewriter({ stripPrefix: true, rewritePrefix: to.path });
    // The rewriter takes `/` for no path at all, and gives back the slash itself.
    const end = to.path.length > 1 && to.path.endsWith('/') ? '/' : '';

    return function redirect(req, _res, next) {
      const context = contextOf(req);
      const path = rewrite(context.rawPath ?? context.path, context.prefixLength, context.params);
      const slash = context.path.length === context.prefixLength ? end : '';
      const base = to.origin === '' ? mountOf(context) : to.origin;
      const location = base + encodeRest(path + slash + context.query);
      context.trace?.push({ stage: 'redirect', decision: `${status} to ${location}`, facts: { answers: status } });
      if (context.dryRun) return next();
      answerOwn(context, status, { location }, '');
    };
  },
});

type Conditions = Readonly<Pick<z.output<z.ZodObject<typeof matchKeys>>, 'prefix' | 'exact' | 'pathRegex'>>;

/** Whether the path of a redirect is taken by its route again; `prefixes` are those of all routes. */
function leadsBack(
  { prefix, exact, pathRegex }: Conditions,
  { to: { path }, status }: z.output<typeof redirectOption>,
  prefixes: readonly string[],
): boolean {
  if (exact) {
    // A 303 is followed by GET, and an expression tells a path with a slash at its end from one without.
    return prefix.some((own) => isSamePath(own, path)) && pathRegex === undefined && status !== 303;
  }
  const around = prefix.find((own) => covers(own, path));
  return around !== undefined && !prefixes.some((other) => other.length > around.length && covers(other, path));
}

/** Whether a path is this prefix alone: a slash at the end makes no other. */
function isSamePath(prefix: string, path: string): boolean {
  return prefix === path || `${prefix}/` === path;
}

/** Whether a path is this prefix or below it. */
function covers(prefix: string, path: string): boolean {
  return (
    path.startsWith(prefix) && (prefix.endsWith('/') || path.length === prefix.length || path[prefix.length] === '/')
  );
}

/** A query may hold bytes that no URI has (RFC 3986, section 2); each character here is one byte. */
function encodeRest(text: string): string {
  return text.replace(/[^\x21-\x7e]/g, encodeOctet);
}
