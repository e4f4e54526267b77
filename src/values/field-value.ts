import type { RequestContext } from '../context.ts';
import { GatewayError } from '../errors.ts';
import type { Sights } from './facts.ts';
import type { Template } from './template.ts';

/** What no field value may hold (RFC 9110, section 5.5): a line break would begin another field. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROLS = /[\x00-\x08\x0a-\x1f\x7f]/;

/**
 * The text of a template as the value of a header field, beyond ASCII in UTF-8 with a character for each byte, as Node
 * takes it. Throws `expression_failed` (500) where what was put in has a control character.
 */
export function renderFieldValue(template: Template, context: RequestContext, sights?: Sights): string {
  const text = template.render(context, sights).trim();
  if (!CONTROLS.test(text)) return Buffer.from(text).toString('latin1');
  const cause = new Error(`${template.text}: a control character, which no header field may hold`);
  throw new GatewayError('expression_failed', undefined, { cause });
}
