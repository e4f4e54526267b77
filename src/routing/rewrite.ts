import { z } from 'zod';
import { GatewayError } from '../errors.ts';
import { type Pattern, parsePattern, patternSource } from '../pattern.ts';
import type { Report } from '../stage.ts';
import { findForeignParam, normalForm } from './keys.ts';
import { normalizeTarget } from './normalize.ts';
import { hidesNoDots, refuseReading, staysOneSegment } from './readings.ts';

/** The keys of a route that say which path its service sees. */

const rewriteRule = z.strictObject({
  match: patternSource().describe('Expression that is looked for in the path.'),
  replace: z.string().describe('What stands in its place: `$1` or `$<name>` for a group, `$$` for a dollar sign.'),
});

const PRINTABLE = /^[\x21-\x7e]*$/;

function findRewritePrefixFault(text: string): string | undefined {
  if (!text.startsWith('/')) return `must begin with a slash: "/${text}"`;
  if (/[?#]/.test(text)) return 'is a path, without query or fragment';
  const foreign = findForeignParam(text) ?? /\/\$\d+(?=\/|$)/.exec(text)?.[0].slice(1);
  if (foreign !== undefined)
    return `"${foreign}" would be sent by the letter: a segment of the prefix is written ":name"`;
  const normal = normalForm(text);
  if (normal === undefined) return 'is no path (malformed escape, or climbing above the root)';
  return normal === text ? undefined : `must be written as it is sent: "${normal}"`;
}

export const rewriteKeys = {
  stripPrefix: z.boolean().default(true).describe('Take the matched prefix off before the service sees the path.'),
  rewritePrefix: z
    .string()
    .superRefine((text, context) => {
      const fault = findRewritePrefixFault(text);
      if (fault !== undefined) context.addIssue({ code: 'custom', message: fault });
    })
    .optional()
    .describe('What stands in the place of the matched prefix; may use its `:name` segments. Default: nothing.'),
  pathRewrite: z
    .union([z.array(rewriteRule), z.record(patternSource(), z.string())])
    .transform((rules) =>
      Array.isArray(rules) ? rules : Object.entries(rules).map(([match, replace]) => ({ match, replace })),
    )
    .optional()
    .describe('Rules applied to the path after the prefix was dealt with: each once, in order, at its first match.'),
};

export type RewriteOptions = Readonly<z.output<z.ZodObject<typeof rewriteKeys>>>;

/** The path that a service sees; `prefixLength` and `params` come from the match. Begins with a slash, always. */
export type PathRewriter = (
  path: string,
  prefixLength: number,
  params?: Readonly<Record<string, string>> | undefined,
) => string;

/** Reports what the schema alone can't see: options that contradict, names and groups that don't exist. */
export function checkRewrite(
  options: RewriteOptions & { readonly prefix?: readonly string[] },
  at: readonly (string | number)[],
  report: Report,
): void {
  const { prefix = [], stripPrefix, rewritePrefix, pathRewrite = [] } = options;
  if (rewritePrefix !== undefined) {
    if (!stripPrefix) {
      report([...at, 'stripPrefix'], 'contradicts rewritePrefix', 'leave one of the two out');
    }
    for (const name of paramNames(rewritePrefix)) {
      const without = prefix.find((one) => !paramNames(one).includes(name));
      if (without === undefined) continue;
      report([...at, 'rewritePrefix'], `uses ":${name}", which the prefix "${without}" does not have`);
    }
  }
  for (const [index, { match, replace }] of pathRewrite.entries()) {
    const [fault, hint] = findReplacementFault(match, replace) ?? [];
    if (fault !== undefined) report([...at, 'pathRewrite', index], fault, hint);
  }
}

const QUERY_HINT =
  'Name the part of the path in "prefix" ("/item/:id"), and set the parameter with "request": { "query": { "set": { "id": "${params.id}" } } }.';

/** What is wrong with it, and how to mend it where that is known. */
function findReplacementFault(match: string, replace: string): readonly [string, string?] | undefined {
  if (!PRINTABLE.test(replace)) return [`"${replace}" must be percent-encoded, without spaces`];
  if (/[?#\\]/.test(replace)) {
    const message = `"${replace}" may change the path alone: no "?", "#" or backslash`;
    return replace.includes('?') ? [message, QUERY_HINT] : [message];
  }
  const { groupCount } = parsePattern(match);
  const missing = [...replace.replaceAll('$$', '').matchAll(/\$(\d+)/g)].find(
    ([, group]) => Number(group) > groupCount,
  );
  return missing && [`"${missing[0]}" stands for a group that "${match}" does not have`];
}

function paramNames(path: string): string[] {
  return path.split('/').flatMap((segment) => (segment.startsWith(':') ? [segment.slice(1)] : []));
}

/** Compiles the rewriting of one route. */
export function createPathRewriter(options: RewriteOptions): PathRewriter {
  const onPrefix = createPrefixRewriter(options);
  const rules = (options.pathRewrite ?? []).map(({ match, replace }) => ({ pattern: parsePattern(match), replace }));
  if (rules.length === 0) return onPrefix;
  return (path, prefixLength, params) => applyRules(rules, onPrefix(path, prefixLength, params));
}

function createPrefixRewriter({ stripPrefix, rewritePrefix }: RewriteOptions): PathRewriter {
  if (rewritePrefix === undefined) return stripPrefix ? strip : keep;
  const base = rewritePrefix.replace(/\/+$/, '');
  const names = paramNames(base);
  if (names.length === 0) return (path, prefixLength) => base + rest(path, prefixLength) || '/';
  const segments = base.split('/');
  return (path, prefixLength, params) => {
    const filled = segments.map((segment) =>
      segment.startsWith(':') ? oneSegment(params?.[segment.slice(1)]) : segment,
    );
    return filled.join('/') + rest(path, prefixLength) || '/';
  };
}

/** A `:name` of the client's: it must not become two segments, or none, when the service decodes it. */
function oneSegment(value = ''): string {
  if ((value.includes('%') || value.includes(';')) && !staysOneSegment(value)) throw refuseReading();
  return value;
}

function keep(path: string): string {
  return rest(path, 0);
}

function strip(path: string, prefixLength: number): string {
  return rest(path, prefixLength) || '/';
}

/** What follows the prefix: empty, or beginning with one slash. With two, a service may take a name for a host. */
function rest(path: string, prefixLength: number): string {
  let start = prefixLength;
  while (path.charCodeAt(start) === 0x2f && path.charCodeAt(start + 1) === 0x2f) start += 1;
  return start === 0 ? path : path.slice(start);
}

function applyRules(rules: readonly { pattern: Pattern; replace: string }[], path: string): string {
  let result = path;
  for (const { pattern, replace } of rules) result = pattern.replaceFirst(result, replace);
  if (result === path) return path;
  if (!result.startsWith('/')) result = `/${result}`;
  return checkedResult(result);
}

// A replacement may put together what the client could not have sent: `/a/.x./b` with `x` taken out, for one.
const DOT_SEGMENT = /\/(?:\.|%2e){1,2}(?:[/;]|%3b|%2f|$)/i;

function checkedResult(path: string): string {
  const { query } = normalizeTarget(path);
  if (query === '' && !DOT_SEGMENT.test(path) && !path.startsWith('//') && hidesNoDots(path)) return path;
  throw new GatewayError('bad_path', 'The path can not be rewritten into one that is safe to send.');
}
