import { z } from 'zod';
import { Expression, explainFault } from './expression.ts';
import { ExpressionFault } from './faults.ts';
import type { Place } from './language.ts';
import { Template, ValueTemplate } from './template.ts';

/** What a person may write for values and conditions: CEL, bare where all of a string is one, else as `${…}`. */

/** A condition: bare CEL in the file, compiled in the code. What can't be true or false is a fault of the file. */
export const condition = (place: Place) =>
  z
    .string()
    .min(1)
    .transform((text, context): Expression => {
      const expression = compile(text, place, context, () => new Expression(text, place));
      if (expression === undefined) return z.NEVER;
      if (expression.type !== 'bool' && expression.type !== 'dyn') {
        const message = `is no condition, since it is never true or false, but of type ${expression.type}`;
        context.addIssue({ code: 'custom', message });
      }
      return expression;
    });

/** A text with `${…}` in it. */
export const template = (place: Place) => z.string().transform((text, context) => compileText(text, place, context));

/** A text that must have `${…}` in it; beside other forms of a key. */
export const valueText = (place: Place) =>
  z
    .string()
    .regex(/\$\{/, { error: 'expected a value such as "${claims.org}"', abort: true })
    .transform((text, context) => compileText(text, place, context));

/** JSON with `${…}` in its strings, of any form or of the one that `schema` says. */
export const jsonTemplate = (place: Place, schema: z.ZodType = z.json()) =>
  schema.transform((source, context): ValueTemplate => {
    return compile(JSON.stringify(source), place, context, () => new ValueTemplate(source, place)) ?? z.NEVER;
  });

function compileText(text: string, place: Place, context: z.RefinementCtx): Template {
  return compile(text, place, context, () => new Template(text, place)) ?? z.NEVER;
}

function compile<T>(text: string, place: Place, context: z.RefinementCtx, make: () => T): T | undefined {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof ExpressionFault)) throw error;
    context.addIssue({ code: 'custom', message: explainFault(text, place, error) });
    return undefined;
  }
}
