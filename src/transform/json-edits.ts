import { z } from 'zod';
import type { JsonObject } from '../lib/json-object.ts';
import type { Place } from '../values/language.ts';
import { jsonTemplate } from '../values/options.ts';
import type { ValueTemplate } from '../values/template.ts';
import { parseJsonPath, type Step } from './json-path.ts';
import { editAt, objectOf, Picked, withMember } from './json-walk.ts';
import { MessageFault } from './message-fault.ts';

const MAX_PATHS = 200;

function checkPath(text: string, context: z.RefinementCtx): void {
  try {
    if (parseJsonPath(text).at(-1)?.isList === true)
      context.addIssue({ code: 'custom', message: `"${text}" must end with a name: ${text}.name, or without the []` });
  } catch (error) {
    context.addIssue({ code: 'custom', message: (error as Error).message });
  }
}

const jsonPath = z.string().max(500).superRefine(checkPath);
const memberName = z.string().min(1).max(256);
const paths = z.array(jsonPath).max(MAX_PATHS);

/** The key `json` of a transform; done in the order in which the keys stand here, whatever the order in the file. */
export const jsonEditsOption = (place: Place) =>
  z.strictObject({
    pick: paths.optional().describe('All that is kept: `["id", "items[].name"]`.'),
    omit: paths.default([]).describe('What is taken away.'),
    rename: z
      .record(jsonPath, memberName)
      .default({})
      .describe('Path of a member to the new name that it has there; one that has the name already gives way.'),
    set: z
      .record(jsonPath, jsonTemplate(place))
      .default({})
      .describe('Path to a value, of any type; `${…}` is computed for each call. Objects on the way are made.'),
    add: z
      .record(jsonPath, jsonTemplate(place))
      .default({})
      .describe('The same where nothing is there yet; a list gets one more item.'),
    wrap: memberName.optional().describe('Name of a member of a new object, in which all of it is then.'),
  });

export type JsonEditsOptions = z.output<ReturnType<typeof jsonEditsOption>>;

/** Computes what a template says of one call. */
export type RenderValue = (value: ValueTemplate) => unknown;

/** Edits of JSON, compiled. */
export interface JsonEdits {
  /** Another value; the old one stays as it is, and may share parts with it. */
  edit(value: unknown, render: RenderValue): unknown;
}

type Edit = (value: unknown, render: RenderValue, growth: Growth) => unknown;

/** What the edits of one message may add to it: a value that is set in every item of a long list is there many times. */
const MAX_ADDED_CHARS = 32 * 1024 * 1024;

class Growth {
  #chars = 0;

  /** Throws `MessageFault`. */
  add(chars: number): void {
    this.#chars += chars;
    if (this.#chars > MAX_ADDED_CHARS)
      throw new MessageFault('too large', `more than ${MAX_ADDED_CHARS} characters are added to it`);
  }
}

/** Compiles edits; undefined where there are none. */
export function createJsonEdits(options: JsonEditsOptions | undefined): JsonEdits | undefined {
  if (options === undefined) return undefined;
  const { pick, omit, rename, set, add, wrap } = options;
  const edits: Edit[] = [
    ...(pick === undefined ? [] : [picking(pick)]),
    ...omit.map(omitting),
    ...renaming(Object.entries(rename)),
    ...Object.entries(set).map(([path, value]) => setting(path, value)),
    ...Object.entries(add).map(([path, value]) => adding(path, value)),
    ...(wrap === undefined ? [] : [(value: unknown) => objectOf([[wrap, value]])]),
  ];
  if (edits.length === 0) return undefined;
  return {
    edit(value, render) {
      let edited = value;
      const growth = new Growth();
      for (const edit of edits) edited = edit(edited, render, growth);
      return edited;
    },
  };
}

/** The way to the object, and the name of the member of it. */
function splitPath(path: string): { readonly way: readonly Step[]; readonly name: string } {
  const steps = parseJsonPath(path);
  return { way: steps.slice(0, -1), name: steps.at(-1)?.name ?? '' };
}

/** A body of which nothing was picked is null, and not what it was. */
function picking(picked: readonly string[]): Edit {
  const all = new Picked();
  for (const path of picked) all.add(parseJsonPath(path));
  return (value) => all.of(value) ?? null;
}

function omitting(path: string): Edit {
  const { way, name } = splitPath(path);
  const without = (object: JsonObject): JsonObject =>
    Object.hasOwn(object, name) ? objectOf(Object.entries(object).filter(([one]) => one !== name)) : object;
  return (value) => editAt(value, way, without);
}

/** Members of one object are renamed at once, so that two of them can change places. */
function renaming(renames: readonly (readonly [path: string, to: string])[]): Edit[] {
  const byWay = new Map<string, { readonly way: readonly Step[]; readonly names: Map<string, string> }>();
  for (const [path, to] of renames) {
    const { way, name } = splitPath(path);
    const key = JSON.stringify(way.map((step) => step.name));
    const group = byWay.get(key) ?? { way, names: new Map<string, string>() };
    byWay.set(key, group);
    group.names.set(name, to);
  }
  return [...byWay.values()].map(({ way, names }) => {
    const renamed = (object: JsonObject): JsonObject => {
      const keys = Object.keys(object);
      const taken = new Set(keys.flatMap((name) => names.get(name) ?? []));
      if (taken.size === 0) return object;
      const kept = keys.filter((name) => names.has(name) || !taken.has(name));
      return objectOf(kept.map((name) => [names.get(name) ?? name, object[name]]));
    };
    return (value) => editAt(value, way, renamed);
  });
}

function setting(path: string, template: ValueTemplate): Edit {
  return writing(path, template, (object, name, member) => withMember(object, name, member));
}

function adding(path: string, template: ValueTemplate): Edit {
  return writing(path, template, (object, name, member) => {
    const before = Object.hasOwn(object, name) ? object[name] : undefined;
    if (before === undefined) return withMember(object, name, member);
    return Array.isArray(before) ? withMember(object, name, [...before, member]) : object;
  });
}

function writing(
  path: string,
  template: ValueTemplate,
  write: (object: JsonObject, name: string, member: unknown) => JsonObject,
): Edit {
  const { way, name } = splitPath(path);
  return (value, render, growth) => {
    const member = render(template);
    const chars = JSON.stringify(member).length;
    const counted = (object: JsonObject): JsonObject => {
      growth.add(chars);
      return write(object, name, member);
    };
    return editAt(value, way, counted, true);
  };
}
