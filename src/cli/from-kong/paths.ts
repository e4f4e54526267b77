import { parsePattern } from '../../pattern.ts';
import { findPrefixFault, normalForm } from '../../routing/keys.ts';

/** A path of a Kong route as it is matched here. */
export type PathPlan =
  | { readonly kind: 'plain'; readonly prefix: string; readonly written: string }
  | { readonly kind: 'regex'; readonly prefix: string; readonly pattern: string; readonly written: string }
  /** `prefix`: below which it must be. */
  | { readonly kind: 'impossible'; readonly prefix: string; readonly written: string; readonly why: string };

/** Before 3.0 whatever has other letters than these is an expression; from then on what begins with `~`. */
const OLD_PLAIN = /^[A-Za-z0-9._~/%-]*$/;

export function planPath(written: string, version: string): PathPlan {
  const isOld = version !== '3.0';
  if (!written.startsWith('~')) {
    if (!isOld || OLD_PLAIN.test(written)) return planPlain(written);
    return planRegex(written, written);
  }
  return planRegex(written, written.slice(1));
}

function planPlain(written: string): PathPlan {
  const cut = written.replace(/\/+$/, '') || '/';
  const prefix = normalForm(cut) ?? cut;
  // A segment with a colon would be a variable here, and take any value.
  if (prefix.includes('/:')) return planRegex(written, prefix.replace(/[^A-Za-z0-9/_-]/g, '\\$&'));
  const fault = findPrefixFault(prefix);
  if (fault === undefined) return { kind: 'plain', prefix, written };
  return { kind: 'impossible', prefix: parentOf(prefix), written, why: `as a prefix it ${fault}` };
}

function parentOf(path: string): string {
  const good = path.split('/').slice(1);
  const at = good.findIndex((segment) => findPrefixFault(`/${segment}`) !== undefined);
  return at <= 0 ? '/' : `/${good.slice(0, at).join('/')}`;
}

function planRegex(written: string, source: string): PathPlan {
  const bare = source.replace(/^\^/, '');
  const prefix = literalPrefix(bare);
  const pattern = `^(?:${bare})`;
  try {
    parsePattern(pattern);
    return { kind: 'regex', prefix, pattern, written };
  } catch (error) {
    const why = `the expression can't be run in linear time, as all are here (${(error as Error).message})`;
    return { kind: 'impossible', prefix, written, why };
  }
}

/** What every path that fits begins with, by whole segments. */
export function literalPrefix(source: string): string {
  if (hasAlternatives(source)) return '/';
  let literal = '';
  let rest = source;
  for (;;) {
    const [whole, escaped, plain] = /^(?:\\([^A-Za-z0-9])|([A-Za-z0-9/_~%-]))/.exec(rest) ?? [];
    if (whole === undefined) break;
    const after = rest.slice(whole.length);
    // What may be missing, or stand several times, is not what all begin with.
    if (/^[*?+{]/.test(after)) break;
    literal += escaped ?? plain ?? '';
    rest = after;
  }
  const isWhole = rest === '' || rest === '$' || /^\((?:\?:)?\/|^\/\?\$?/.test(rest) || literal.endsWith('/');
  const cut = isWhole ? literal : literal.slice(0, literal.lastIndexOf('/'));
  const prefix = cut.replace(/\/:.*$/, '').replace(/\/+$/, '') || '/';
  return findPrefixFault(prefix) === undefined ? prefix : '/';
}

/** Alternatives that no group encloses: each of them begins as it likes. */
function hasAlternatives(source: string): boolean {
  let depth = 0;
  for (let at = 0; at < source.length; at++) {
    const char = source[at];
    if (char === '\\') at += 1;
    else if (char === '(' || char === '[') depth += 1;
    else if (char === ')' || char === ']') depth -= 1;
    else if (char === '|' && depth === 0) return true;
  }
  return false;
}

/** Whether `below` is a path below another one, by whole segments; a `:name` is not known to be anything. */
export function isBelow(below: string, prefix: string): boolean {
  return below !== prefix && (prefix === '/' || below.startsWith(`${prefix}/`));
}
