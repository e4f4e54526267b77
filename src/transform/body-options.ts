import { z } from 'zod';
import { createJsonEdits, type JsonEditsOptions } from './json-edits.ts';
import type { BodyEdits } from './message-body.ts';
import { isXmlName } from './xml-text.ts';

const elementPath = z
  .string()
  .max(500)
  .refine((path) => path.split('.').every(isXmlName), {
    error: 'expected a path of elements from the root: "order.items.item"',
  });

/** How a body is translated, where it is; keys of a transform in either direction. */
export const formatKeys = {
  format: z
    .enum(['json', 'xml'])
    .optional()
    .describe('What the body becomes: XML turned into JSON before the edits of JSON, or JSON into XML after them.'),
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

type FormatOptions = z.output<z.ZodObject<typeof formatKeys>>;

/** For a schema that has these keys. */
export function checkFormat({ format, xml }: FormatOptions, context: z.RefinementCtx): void {
  if (xml !== undefined && format === undefined)
    context.addIssue({ code: 'custom', path: ['xml'], message: 'does nothing without "format"' });
}

/** Compiles what is done to a body; undefined where nothing is. */
export function createBodyEdits({
  format,
  xml,
  json: options,
}: FormatOptions & { readonly json?: JsonEditsOptions | undefined }): BodyEdits | undefined {
  const json = createJsonEdits(options);
  if (json === undefined && format === undefined) return undefined;
  return {
    json,
    format,
    reading: { lists: new Set(xml?.arrays), numbers: xml?.numbers ?? false },
    root: xml?.root,
  };
}
