import { z } from 'zod';
import { TOKEN } from '../lib/http-token.ts';
import type { AnswerFields } from '../sink.ts';
import { checkedFieldValue, isFieldValue, MAX_VALUE_CHARS } from '../values/header-value.ts';
import type { Place } from '../values/language.ts';
import { template } from '../values/options.ts';
import type { Template } from '../values/template.ts';
import type { FindNameFault } from './header-names.ts';

const fieldName = z
  .string()
  .max(256)
  .regex(TOKEN, { error: 'expected the name of a header field: letters, digits, "-"' })
  .transform((name) => name.toLowerCase());

const fieldValue = (place: Place) =>
  z
    .string()
    .max(MAX_VALUE_CHARS)
    .refine((value) => value.includes('${') || isFieldValue(value), {
      error: 'expected visible ASCII characters, without blanks at the ends',
    })
    .pipe(template(place));

/**
 * The key `headers` of a transform; done in the order in which the keys stand here, whatever the order in the file.
 * Refuses edits of fields that are not a route's to edit: those of one connection, of the message's framing, and those
 * by which a service or a client recognises the gateway's own word.
 */
export const headerEditsOption = (place: Place, findFault: FindNameFault) =>
  z
    .strictObject({
      remove: z.array(fieldName).default([]).describe('Fields that are taken away.'),
      rename: z
        .record(fieldName, fieldName)
        .default({})
        .describe('Old name to new name; a field that has the new name already gives way.'),
      set: z
        .record(fieldName, fieldValue(place))
        .default({})
        .describe('Fields with their value, in place of all of that name; `${…}` is computed for each call.'),
      add: z
        .record(fieldName, fieldValue(place))
        .default({})
        .describe('Fields with a value that is added to those of that name; `${…}` is computed for each call.'),
    })
    .superRefine(({ remove, rename, set, add }, context) => {
      const check = (path: (string | number)[], name: string, isWritten: boolean): void => {
        const fault = findFault(name, isWritten);
        if (fault !== undefined) context.addIssue({ code: 'custom', path, message: `"${name}" ${fault}` });
      };
      for (const [index, name] of remove.entries()) check(['remove', index], name, false);
      for (const [from, to] of Object.entries(rename)) {
        check(['rename', from], from, false);
        check(['rename', from], to, true);
      }
      for (const name of Object.keys(set)) check(['set', name], name, true);
      for (const name of Object.keys(add)) check(['add', name], name, true);
    });

export type HeaderEditsOptions = z.output<ReturnType<typeof headerEditsOption>>;

/** Computes what a template says of one call. */
export type Render = (value: Template) => string;

/** Edits of header fields, compiled. */
export interface HeaderEdits {
  /** Whether a value in them looks at a body. */
  readonly needsBody: boolean;
  /** Edits names and values by turns, in place. */
  editList(list: string[], render: Render): void;
  /** An answer's fields as they are after the edits. */
  editFields(fields: AnswerFields, render: Render): AnswerFields;
}

/** Compiles edits; undefined where there are none. */
export function createHeaderEdits(options: HeaderEditsOptions | undefined): HeaderEdits | undefined {
  if (options === undefined) return undefined;
  const { remove, rename, set, add } = options;
  const removed = new Set(remove);
  const renamed = new Map(Object.entries(rename));
  const written = new Map(Object.entries(set).map(([name, value]) => [name, compileValue(name, value)]));
  const added = Object.entries(add).map(([name, value]) => [name, compileValue(name, value)] as const);
  if (removed.size + renamed.size + written.size + added.length === 0) return undefined;

  /** The name that a field has afterwards; undefined when it is gone. `taken`: new names of fields that are there. */
  function nameOf(name: string, taken: ReadonlySet<string>): string | undefined {
    if (removed.has(name)) return undefined;
    const to = renamed.get(name) ?? (taken.has(name) ? undefined : name);
    return to === undefined || written.has(to) ? undefined : to;
  }

  function takenBy(names: Iterable<string>): ReadonlySet<string> {
    if (renamed.size === 0) return NONE;
    const taken = new Set<string>();
    for (const name of names) {
      const to = removed.has(name) ? undefined : renamed.get(name);
      if (to !== undefined) taken.add(to);
    }
    return taken;
  }

  return {
    needsBody: [...Object.values(set), ...Object.values(add)].some((value) => value.needsBody),
    editList(list, render) {
      const taken = takenBy(list.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase()));
      let kept = 0;
      for (let i = 0; i < list.length; i += 2) {
        const [written_, value] = [list[i] as string, list[i + 1] as string];
        const lower = written_.toLowerCase();
        const name = nameOf(lower, taken);
        if (name === undefined) continue;
        list[kept++] = name === lower ? written_ : name;
        list[kept++] = value;
      }
      list.length = kept;
      for (const [name, value] of written) list.push(name, value(render));
      for (const [name, value] of added) list.push(name, value(render));
    },
    editFields(fields, render) {
      const edited: Record<string, string | string[] | undefined> = Object.create(null);
      const taken = takenBy(Object.keys(fields));
      for (const before in fields) {
        const name = nameOf(before, taken);
        if (name !== undefined) append(edited, name, fields[before]);
      }
      for (const [name, value] of written) edited[name] = value(render);
      for (const [name, value] of added) append(edited, name, value(render));
      return edited;
    },
  };
}

const NONE: ReadonlySet<string> = new Set();

/** A value that says the same of every call is known before the first of them. */
function compileValue(name: string, value: Template): (render: Render) => string {
  if (!value.isConstant) return (render) => checkedFieldValue(name, render(value));
  const text = checkedFieldValue(name, value.text.replaceAll('$${', '${'));
  return () => text;
}

function append(
  fields: Record<string, string | string[] | undefined>,
  name: string,
  value: string | string[] | undefined,
) {
  const before = fields[name];
  if (value === undefined) return;
  fields[name] = before === undefined ? value : [before, value].flat();
}
