import { z } from 'zod';
import { ERRORS } from '../errors.ts';
import { jsonTemplate } from '../values/options.ts';

const MAX_BODY_CHARS = 256 * 1024;
const CONTENT_TYPE = /^[a-z0-9!#$&^_.+-]+\/[a-z0-9!#$&^_.+-]+(?:; ?[\x20-\x7e]+)?$/;

const bodyOption = z.strictObject({
  body: jsonTemplate('error', z.union([z.string().max(MAX_BODY_CHARS), z.record(z.string(), z.json())])).describe(
    'Text, `"${FILE:./503.html}"` for that of a file, or an object that is sent as JSON; with `${error.code}` and other values.',
  ),
  contentType: z
    .string()
    .regex(CONTENT_TYPE, { error: 'expected a media type in lower case, such as "text/html; charset=utf-8"' })
    .optional()
    .describe(
      'Default: HTML for a text that begins with "<!doctype html" or "<html", else plain text; JSON for an object.',
    ),
});

export type BodyOption = z.output<typeof bodyOption>;

export const bodiesOption = z
  .record(z.string(), z.union([bodyOption, z.array(bodyOption).min(1).max(10)]))
  .describe(
    'Bodies of refusals by code (`maintenance`), by status (`404`) or by `4xx` and `5xx`; HTML only for who prefers it.',
  );

export type BodiesOption = z.output<typeof bodiesOption>;

const errorsOption = z.strictObject({
  bodies: bodiesOption.optional(),
  normalize: z
    .union([z.boolean(), z.literal('all')])
    .default(false)
    .describe(
      'Answers a service\'s 5xx as `service_error`, with its status and none of its body; `"all"` its 4xx too.',
    ),
});

/** The key of a route that says how errors are told. */
export const errorsKeys = {
  errors: errorsOption.optional().describe('How errors are told: bodies of its own, and those of the service.'),
};

/** Everything that bodies may stand under. */
export function isErrorKey(key: string): boolean {
  return /^[45](?:xx|\d\d)$/.test(key) || Object.hasOwn(ERRORS, key);
}

/** The type of a body, which decides who gets it and how what is put into it is escaped. */
export function contentTypeOf({ body, contentType }: BodyOption): string {
  if (contentType !== undefined) return contentType;
  const { source } = body;
  if (typeof source !== 'string') return 'application/json';
  return /^\s*<(?:!doctype html|html)\b/i.test(source) ? 'text/html; charset=utf-8' : 'text/plain; charset=utf-8';
}
