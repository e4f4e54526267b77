import { z } from 'zod';
import { duration, oneOrMany, size } from '../schema-values.ts';
import { parsePathTemplate, TemplateFault } from './path-template.ts';
import { DASHLESS_NAME } from './reference.ts';

/** Parts of one aggregate, at most. */
export const MAX_PARTS = 32;
const MAX_PICKED = 64;

const partName = z.string().regex(DASHLESS_NAME, {
  error: 'expected the name of a part: a letter, and up to 63 letters, digits or "_"',
});

const target = z.string().transform((text, context) => {
  try {
    return parsePathTemplate(text);
  } catch (error) {
    if (!(error instanceof TemplateFault)) throw error;
    context.addIssue({ code: 'custom', message: error.message });
    return z.NEVER;
  }
});

const picked = z.string().regex(/^[^.]{1,128}(?:\.[^.]{1,128}){0,15}$/, {
  error: 'expected a name or a dotted path, "address.city" for one',
});

const partOption = z.strictObject({
  route: target.describe(
    'Path and query of the gateway itself, which a route of this file takes: `/api/users/:id`. May use the `:name` segments of the prefix, and in `${…}` values of parts before: `/api/teams/${parts.user.teamId}`.',
  ),
  pick: z
    .array(picked)
    .min(1)
    .max(MAX_PICKED)
    .optional()
    .describe('What is kept of the answer: names and dotted paths, in each item of a list. Default: all of it.'),
  optional: z
    .boolean()
    .default(false)
    .describe('Whether the whole is answered without this part, where it fails. Default false: the whole fails then.'),
  after: oneOrMany(partName)
    .optional()
    .describe('The part, or parts, whose answers it needs: it is asked as soon as they are there.'),
  timeout: duration({ min: '10ms', max: '1h' })
    .optional()
    .describe('How long it may take. Default, and at most: what is left of `timeouts.total` of the whole.'),
  maxSize: size({ min: '1b', max: '10mb' })
    .prefault('1mb')
    .describe('How large its answer may be. All answers together may have 10mb.'),
});

export const aggregateOption = z
  .record(partName, partOption)
  .superRefine((parts, context) => {
    const count = Object.keys(parts).length;
    if (count >= 1 && count <= MAX_PARTS) return;
    const message = `an aggregate has 1 to ${MAX_PARTS} parts, and this one has ${count}`;
    context.addIssue({ code: 'custom', message });
  })
  .describe('Answers with the answers of other routes, as one object: the parts by their names.');

/** What is written of one part. */
export type PartOptions = z.output<typeof partOption>;
export type AggregateOptions = Readonly<Record<string, PartOptions>>;
