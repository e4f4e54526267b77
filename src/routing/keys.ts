import { z } from 'zod';
import { GatewayError } from '../errors.ts';
import { TOKEN } from '../lib/http-token.ts';
import { isMethod } from '../lib/methods.ts';
import { patternSource } from '../pattern.ts';
import { normalizeTarget } from './normalize.ts';

/** The keys of a route that say which requests are its own. */

const HOST = /^(?:\*\.)?(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*$/;
const IPV6_HOST = /^\[[0-9a-f:.]+\]$/;
const PARAM = /^:[A-Za-z][A-Za-z0-9_]*$/;

/** What is wrong with a prefix, with the form it should have where that is known; undefined when it is fine. */
export function findPrefixFault(prefix: string): string | undefined {
  if (/^[~^]/.test(prefix)) return 'is a path and no regular expression; "pathRegex" beside it is one';
  if (!prefix.startsWith('/')) return `must begin with a slash: "/${prefix}"`;
  if (/[?#]/.test(prefix)) return `is a path, without query or fragment: "${prefix.replace(/[?#].*$/s, '')}"`;
  if (/\/\*+$/.test(prefix))
    return `covers everything below it without a star: "${prefix.replace(/\/\*+$/, '') || '/'}"`;
  const normal = normalForm(prefix);
  if (normal === undefined) return 'no request can ever have this path (malformed escape, or climbing above the root)';
  if (/%2F/i.test(normal)) return 'an encoded slash can not be matched';
  if (normal !== '/' && normal.endsWith('/')) return `must not end with a slash: "${normal.slice(0, -1)}"`;
  if (normal !== prefix) return `must be written as it is matched: "${normal}"`;
  return findParamFault(prefix);
}

/** How other routers write a segment that stands for any value: `{id}`, `<id>`, `<int:id>`, `[id]`, `*`. */
const FOREIGN_PARAM = /[{}<>]|^\[.*\]$|^\*+$/;

export function findForeignParam(path: string): string | undefined {
  return path.split('/').find((segment) => FOREIGN_PARAM.test(segment));
}

function findParamFault(prefix: string): string | undefined {
  const foreign = findForeignParam(prefix);
  if (foreign !== undefined) {
    const name = /[A-Za-z][A-Za-z0-9_]*(?=\W*$)/.exec(foreign)?.[0] ?? 'name';
    return `"${foreign}" would be taken by the letter: a segment that stands for any value is written ":${name}"`;
  }
  const names = prefix.split('/').filter((segment) => segment.startsWith(':'));
  const bad = names.find((name) => !PARAM.test(name));
  if (bad !== undefined)
    return `"${bad}" is no name: a segment like ":id" begins with a letter and goes on with letters, digits and "_"`;
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  return twice === undefined ? undefined : `the name "${twice}" stands twice`;
}

/** A path as it is matched and sent, or undefined where no request could have it. */
export function normalForm(prefix: string): string | undefined {
  try {
    return normalizeTarget(asUrl(prefix)).path;
  } catch (error) {
    if (error instanceof GatewayError) return undefined;
    throw error;
  }
}

/** What a client would send for letters that a URL can't hold: `/café` travels as `/caf%C3%A9`. */
function asUrl(prefix: string): string {
  return prefix.replace(/[^\x21-\x7e]+/g, (text) => encodeURIComponent(text.toWellFormed()));
}

const prefix = z.string().superRefine((text, context) => {
  const fault = findPrefixFault(text);
  if (fault !== undefined) context.addIssue({ code: 'custom', message: fault });
});

const host = z.string().superRefine((text, context) => {
  const lower = text.toLowerCase();
  if (HOST.test(lower) || IPV6_HOST.test(lower)) return;
  const message = /:\d+$/.test(text)
    ? 'is a name without a port: ports are ignored'
    : 'must be a name, or "*.example.com"';
  context.addIssue({ code: 'custom', message });
});

const method = z.string().superRefine((text, context) => {
  const upper = text.toUpperCase();
  if (!TOKEN.test(text)) context.addIssue({ code: 'custom', message: 'must be a method such as "GET"' });
  else if (text !== upper) context.addIssue({ code: 'custom', message: `methods are in capitals: "${upper}"` });
  else if (upper === 'TRACE' || upper === 'CONNECT') {
    context.addIssue({ code: 'custom', message: `${upper} is never let through` });
  } else if (!isMethod(text)) context.addIssue({ code: 'custom', message: `"${text}" is no method of HTTP` });
});

const headerName = z.string().regex(TOKEN, { error: 'must be the name of a header field' });

// The list stands inside the union and the conversion outside, so that a fault of the item is told as it is.
const many = <T extends z.ZodType<string>>(item: T) =>
  z.union([item, z.array(item).min(1)]).transform((value) => (typeof value === 'string' ? [value] : value) as string[]);

export const matchKeys = {
  prefix: many(prefix).describe(
    'Where the route begins: a path, or a list of them. Covers the path and all below it, by whole segments; the longest wins. A segment may be `:name`.',
  ),
  exact: z.boolean().default(false).describe('Match the prefix alone and nothing below it.'),
  hosts: many(host)
    .transform((names) => names.map((name) => name.toLowerCase()))
    .optional()
    .describe('Only for these hosts: names, or `*.example.com` for every name below. Ports and case do not count.'),
  methods: many(method).optional().describe('Only these methods, others are 405. GET includes HEAD. Default: all.'),
  headers: z
    .record(headerName, z.union([z.string(), z.literal(true)]))
    .transform((fields) =>
      Object.fromEntries(Object.entries(fields).map(([name, value]) => [name.toLowerCase(), value])),
    )
    .optional()
    .describe('Only with these header fields: the exact value, or true for any value.'),
  pathRegex: patternSource()
    .optional()
    .describe(
      'Only for paths in which this expression occurs (the whole path, prefix included). Lookaround and backreferences are refused.',
    ),
  path: z
    .enum(['normalized', 'raw'])
    .default('normalized')
    .describe('`raw` forwards the path as it came, doubled slashes and all. Default `normalized`: what was matched.'),
};

/** What decides whether a route takes a request. */
export type MatchOptions = Readonly<z.output<z.ZodObject<typeof matchKeys>>>;

/**
 * One text per prefix that says under which conditions the route matches. Two routes that share one are the same to
 * the table: the later one would never be reached.
 */
export function conditionKeys(match: MatchOptions): string[] {
  const conditions = JSON.stringify([
    match.exact,
    sorted(match.hosts),
    sorted(match.methods),
    sorted(Object.entries(match.headers ?? {}).map(([name, value]) => JSON.stringify([name, value]))),
    match.pathRegex ?? null,
  ]);
  return match.prefix.map((text) => `${text.replace(/\/:[^/]+/g, '/:')} ${conditions}`);
}

function sorted(list: readonly string[] | undefined): string[] {
  return [...new Set(list ?? [])].sort();
}
