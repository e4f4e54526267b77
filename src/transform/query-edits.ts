import { z } from 'zod';
import { GatewayError } from '../errors.ts';
import { template } from '../values/options.ts';
import type { Template } from '../values/template.ts';
import type { Render } from './header-edits.ts';

const parameterName = z.string().min(1).max(256);
const parameters = z.record(parameterName, z.string().max(8192).pipe(template('request')));

/** The key `query` of a transform; done in the order in which the keys stand here, whatever the order in the file. */
export const queryEditsOption = z.strictObject({
  remove: z.array(parameterName).default([]).describe('Parameters that are taken away.'),
  rename: z
    .record(parameterName, parameterName)
    .default({})
    .describe('Old name to new name; a parameter that has the new name already gives way.'),
  set: parameters
    .default({})
    .describe('Parameters with their value, one in place of all of that name; `${…}` is computed for each call.'),
  add: parameters
    .default({})
    .describe('Parameters with a value that is added to those of that name; `${…}` is computed for each call.'),
});

export type QueryEditsOptions = z.output<typeof queryEditsOption>;

/** Edits of a query, compiled. */
export interface QueryEdits {
  readonly needsBody: boolean;
  /** The query with its `?`, or an empty string; what no edit names keeps its place and its very spelling. */
  edit(query: string, render: Render): string;
}

/** As long as a target may be from a client. */
const MAX_QUERY_CHARS = 8192;

/** Compiles edits; undefined where there are none. */
export function createQueryEdits(options: QueryEditsOptions | undefined): QueryEdits | undefined {
  if (options === undefined) return undefined;
  const { remove, rename, set, add } = options;
  const removed = new Set(remove);
  const renamed = new Map(Object.entries(rename));
  const written = new Map(Object.entries(set));
  const added = Object.entries(add);
  if (removed.size + renamed.size + written.size + added.length === 0) return undefined;

  function newNamesIn(names: readonly string[]): ReadonlySet<string> {
    return new Set(names.flatMap((name) => (removed.has(name) ? [] : (renamed.get(name) ?? []))));
  }

  /** The piece of the query that stands for a parameter afterwards; undefined when it is gone. */
  function pieceOf(piece: string, taken: ReadonlySet<string>): { name: string; text: string } | undefined {
    const name = nameOf(piece);
    if (removed.has(name)) return undefined;
    const to = renamed.get(name);
    if (to === undefined) return taken.has(name) ? undefined : { name, text: piece };
    const at = piece.indexOf('=');
    return { name: to, text: encode(to) + (at < 0 ? '' : piece.slice(at)) };
  }

  /** Those that the client has sent, without the ones that are gone; what is set stands in the place of the first. */
  function keptOf(pieces: readonly string[], values: Map<string, string>): string[] {
    const taken = renamed.size === 0 ? NONE : newNamesIn(pieces.map(nameOf));
    return pieces.flatMap((piece) => {
      const after = pieceOf(piece, taken);
      if (after === undefined) return [];
      if (!written.has(after.name)) return after.text;
      const value = values.get(after.name);
      values.delete(after.name);
      return value ?? [];
    });
  }

  return {
    needsBody: [...Object.values(set), ...Object.values(add)].some((value) => value.needsBody),
    edit(query, render) {
      const pieces = query === '' ? [] : query.slice(1).split('&');
      const pieceFor = ([name, value]: readonly [string, Template]): string =>
        `${encode(name)}=${encode(render(value))}`;
      const values = new Map([...written].map((one) => [one[0], pieceFor(one)]));
      const kept = [...keptOf(pieces, values), ...values.values(), ...added.map(pieceFor)];
      const edited = kept.length === 0 ? '' : `?${kept.join('&')}`;
      if (edited.length > MAX_QUERY_CHARS && edited.length > query.length) throw new GatewayError('uri_too_long');
      return edited;
    },
  };
}

const NONE: ReadonlySet<string> = new Set();

/** Decoded as a service does (WHATWG URL, application/x-www-form-urlencoded): `+` is a blank, what is no escape stays. */
function nameOf(piece: string): string {
  const at = piece.indexOf('=');
  const name = at < 0 ? piece : piece.slice(0, at);
  if (!/[%+]/.test(name)) return name;
  const [decoded] = new URLSearchParams(`${name}=`).keys();
  return decoded ?? '';
}

const encode = (text: string): string => encodeURIComponent(text.toWellFormed());
