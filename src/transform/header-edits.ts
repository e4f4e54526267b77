import { z } from 'zod';
import { isGatewaysOwn, isOneHop } from '../lib/header-filter.ts';
import { TOKEN } from '../lib/http-token.ts';
import type { AnswerFields } from '../sink.ts';
import type { Report } from '../stage.ts';

/** Visible characters with single blanks within (RFC 9110, section 5.5), and nothing that only looks like an expression. */
const FIELD_VALUE = /^(?:[\x21-\x7e]+(?:[\t ]+[\x21-\x7e]+)*)?$/;

const fieldName = z
  .string()
  .max(256)
  .regex(TOKEN, { error: 'expected the name of a header field: letters, digits, "-"' })
  .transform((name) => name.toLowerCase());

const fieldValue = z
  .string()
  .max(8192)
  .regex(FIELD_VALUE, { error: 'expected visible ASCII characters, without blanks at the ends' })
  .refine((value) => !value.includes('${'), { error: 'only ${ENV:…} and ${FILE:…} can stand here' });

const fields = z.record(fieldName, fieldValue);

/** The key `headers` of a transform; done in the order in which the keys stand here, whatever the order in the file. */
export const headerEditsOption = z.strictObject({
  remove: z.array(fieldName).default([]).describe('Fields that are taken away.'),
  rename: z
    .record(fieldName, fieldName)
    .default({})
    .describe('Old name to new name; a field that has the new name already gives way.'),
  set: fields.default({}).describe('Fields with their value, in place of all of that name.'),
  add: fields.default({}).describe('Fields with a value that is added to those of that name.'),
});

export type HeaderEditsOptions = z.output<typeof headerEditsOption>;

/** Names that may not be edited on one side of the gateway, with the reason; undefined for any other. */
export type FindNameFault = (name: string, isWritten: boolean) => string | undefined;

/**
 * Reports edits of fields that are not a route's to edit: those of one connection, of the message's framing, and those
 * by which a service or a client recognises the gateway's own word.
 */
export function checkHeaderEdits(
  { remove, rename, set, add }: HeaderEditsOptions,
  findFault: FindNameFault,
  at: readonly (string | number)[],
  report: Report,
): void {
  const check = (place: readonly (string | number)[], name: string, isWritten: boolean): void => {
    const fault = isOneHop(name) ? "belongs to the connection, which is the gateway's" : findFault(name, isWritten);
    if (fault !== undefined) report([...at, ...place], `"${name}" ${fault}`);
  };
  for (const [index, name] of remove.entries()) check(['remove', index], name, false);
  for (const [from, to] of Object.entries(rename)) {
    check(['rename', from], from, false);
    check(['rename', from], to, true);
  }
  for (const name of Object.keys(set)) check(['set', name], name, true);
  for (const name of Object.keys(add)) check(['add', name], name, true);
}

/** Told to the service after the edits. */
const TOLD_LATER = new Set(['destination', 'x-forwarded-prefix', 'x-request-timeout-ms']);

/** What may not be edited on the way to a service. It takes an underscore for a dash (CGI), so that counts as one. */
export const findRequestNameFault: FindNameFault = (name, isWritten) => {
  if (TOLD_LATER.has(name)) return 'is told to the service by the gateway';
  const isOurs = isGatewaysOwn(name.replaceAll('_', '-')) || name.startsWith('sec-websocket-');
  return isWritten && isOurs ? "is the gateway's own word to the service" : undefined;
};

const ON_EVERY_ANSWER = /^(?:x-request-id|x-correlation-id|ratelimit|ratelimit-policy|x-ratelimit-.*)$/;
/** Put on an answer that lacks them. */
const SECURITY =
  /^(?:strict-transport-security|x-content-type-options|x-frame-options|referrer-policy|x-dns-prefetch-control|x-download-options|x-permitted-cross-domain-policies|x-xss-protection|origin-agent-cluster)$/;
const NEVER_LEAVES = /^(?:server|x-powered-by)$/;

/** What may not be edited on the way to the client: it would be on the answer again, or not at all. */
export const findResponseNameFault: FindNameFault = (name, isWritten) => {
  if (ON_EVERY_ANSWER.test(name)) return 'is put on answers by the gateway';
  if (!isWritten) return SECURITY.test(name) ? 'belongs to the key "securityHeaders"' : undefined;
  if (name.startsWith('access-control-')) return 'belongs to the key "cors"';
  return NEVER_LEAVES.test(name) || isGatewaysOwn(name)
    ? "never leaves the gateway: it is its own, or a service's"
    : undefined;
};

/** Edits of header fields, compiled. */
export interface HeaderEdits {
  /** Edits names and values by turns, in place. */
  editList(list: string[]): void;
  /** An answer's fields as they are after the edits. */
  editFields(fields: AnswerFields): AnswerFields;
}

/** Compiles edits; undefined where there are none. */
export function createHeaderEdits(options: HeaderEditsOptions | undefined): HeaderEdits | undefined {
  if (options === undefined) return undefined;
  const { remove, rename, set, add } = options;
  const removed = new Set(remove);
  const renamed = new Map(Object.entries(rename));
  const written = new Map(Object.entries(set));
  const added = Object.entries(add);
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
    editList(list) {
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
      for (const [name, value] of written) list.push(name, value);
      for (const [name, value] of added) list.push(name, value);
    },
    editFields(fields) {
      const edited: Record<string, string | string[] | undefined> = Object.create(null);
      const taken = takenBy(Object.keys(fields));
      for (const before in fields) {
        const name = nameOf(before, taken);
        if (name !== undefined) append(edited, name, fields[before]);
      }
      for (const [name, value] of written) edited[name] = value;
      for (const [name, value] of added) append(edited, name, value);
      return edited;
    },
  };
}

const NONE: ReadonlySet<string> = new Set();

function append(
  fields: Record<string, string | string[] | undefined>,
  name: string,
  value: string | string[] | undefined,
) {
  const before = fields[name];
  if (value === undefined) return;
  fields[name] = before === undefined ? value : [before, value].flat();
}
