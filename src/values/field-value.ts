import type { RequestContext } from '../context.ts';
import { GatewayError } from '../errors.ts';
import type { Sights } from './facts.ts';
import type { Template } from './template.ts';

/** What no field value may hold, a tab within it apart (RFC 9110, section 5.5): a line break would begin another field. */
const CONTROLS = /(?!\t)\p{Cc}/u;

/**
 * The text of a template as the value of a header field, beyond ASCII in UTF-8 with a character for each byte, as Node
 * takes it. Throws `expression_failed` (500) where what was put in has a control character.
 */
export function renderFieldValue(template: Template, context: RequestContext, sights?: Sights): string {
  const text = template.render(context, sights);
  if (!CONTROLS.test(text)) return Buffer.from(text.trim()).toString('latin1');
  const cause = new Error(`${template.text}: a control character, which no header field may hold`);
  throw new GatewayError('expression_failed', undefined, { cause });
}
