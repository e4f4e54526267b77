import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import { explain } from '../explain/explain.ts';
import { MAX_QUESTION_BYTES, questionSchema } from '../explain/question.ts';
import { type AdminAnswer, type AdminSource, ok, refusal } from './answer.ts';
import { readJson } from './read-json.ts';

/** `POST /explain`: what would become of a request, and why; nothing is consumed, written or sent. */
export async function explainRequest({ deps, gateway }: AdminSource, req: IncomingMessage): Promise<AdminAnswer> {
  const read = await readJson(req, MAX_QUESTION_BYTES);
  if ('refused' in read) return read.refused;
  const parsed = questionSchema.safeParse(read.value);
  if (!parsed.success) return refusal('invalid_request', { detail: `${z.prettifyError(parsed.error)}.` });
  return ok(await explain(gateway, deps, parsed.data));
}
