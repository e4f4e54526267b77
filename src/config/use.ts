import { z } from 'zod';
import { duration } from '../schema-values.ts';

const moduleName = z
  .string({ error: 'expected the path of a file: "./stages/tenant.ts"' })
  .regex(/^\.{0,2}\/.+\.[cm]?[jt]s$/, {
    error:
      'expected the path of a file of TypeScript or JavaScript, from the folder of this file: "./stages/tenant.ts"',
  });

const useEntry = z.union([
  moduleName,
  z
    .strictObject({
      stage: moduleName.describe('The file, from the folder of this one.'),
      before: z.string().optional().describe('The stage that it stands right before.'),
      after: z.string().optional().describe('The stage that it stands right behind.'),
      timeout: duration({ min: '1ms', max: '1m' }).optional().describe('How long a hook may take that is waited for.'),
      onError: z.enum(['open', 'closed']).optional().describe('What becomes of a request where the stage fails.'),
    })
    .refine(({ before, after }) => before === undefined || after === undefined, {
      error: 'a stage stands before or after another, not both',
    }),
]);

/** What the file, or a route, says of an own stage. */
export type UseEntry = z.output<typeof useEntry>;

/** Undefined where it is wrong: the schema of the file says how. */
export function readUseEntry(plain: unknown): Exclude<UseEntry, string> | undefined {
  const read = useEntry.safeParse(plain);
  if (!read.success) return undefined;
  return typeof read.data === 'string' ? { stage: read.data } : read.data;
}

/** The key `use` of the file, and of a route. */
export const USE_KEYS = {
  top: {
    use: z
      .array(useEntry)
      .optional()
      .describe('Own stages that are on every route: files of TypeScript or JavaScript (docs/extending.md).'),
  },
  route: {
    use: z.array(useEntry).optional().describe('Own stages that are on this route, beside those of the whole file.'),
  },
};
