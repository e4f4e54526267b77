import { z } from 'zod';
import { createJsonEdits, type JsonEditsOptions } from './json-edits.ts';
import type { BodyEdits } from './message-body.ts';
import { listsAt } from './xml-reader.ts';
import { isXmlName } from './xml-text.ts';

const elementPath = z
  .string()
  .max(500)
  .refine((path) => path.split('.').every(isXmlName), {
    error: 'expected a path of elements from the root: "order.items.item"',
  });

/** What is done to bodies beside the edits of JSON; keys of a transform in either direction. */
export const bodyKeys = {
  format: z
    .enum(['json', 'xml'])
    .optional()
    .describe('What the body becomes: XML turned into JSON before the edits of JSON, or JSON into XML after them.'),
  otherTypes: z
    .enum(['pass', 'refuse'])
    .optional()
    .describe(
      'What becomes of a body whose type is not the one that is edited: it passes untouched, or is refused. Default: pass.',
    ),
  xml: z
    .strictObject({
      arrays: z
        .array(elementPath)
        .max(200)
        .default([])
        .describe('Elements that are lists even where there is one of them, or none: `["order.items.item"]`.'),
      numbers: z
        .boolean()
        .default(false)
        .describe('Text that is a number, true or false becomes one; `007` and what a double can not hold stay text.'),
      root: z
        .string()
        .refine(isXmlName, { error: 'expected the name of an element' })
        .optional()
        .describe('Name of the root of XML made of JSON. Default: the only member, or else `root`.'),
    })
    .optional()
    .describe('How XML and JSON stand for each other; for `format`.'),
};

type BodyOptions = z.output<z.ZodObject<typeof bodyKeys>> & { readonly json?: JsonEditsOptions | undefined };

/** For a schema that has these keys. */
export function checkBodyKeys({ format, xml, json, otherTypes }: BodyOptions, context: z.RefinementCtx): void {
  const fault = (key: string, message: string): void => context.addIssue({ code: 'custom', path: [key], message });
  if (xml !== undefined && format === undefined) fault('xml', 'does nothing without "format"');
  if (otherTypes !== undefined && format === undefined && json === undefined)
    fault('otherTypes', 'does nothing without "json" or "format"');
}

/** Compiles what is done to a body; undefined where nothing is. */
export function createBodyEdits({ format, xml, json: options, otherTypes }: BodyOptions): BodyEdits | undefined {
  const json = createJsonEdits(options);
  if (json === undefined && format === undefined) return undefined;
  return {
    json,
    format,
    reading: { lists: listsAt(xml?.arrays ?? []), numbers: xml?.numbers ?? false },
    root: xml?.root,
    refusesOthers: otherTypes === 'refuse',
  };
}
