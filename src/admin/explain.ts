import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import { type CurlRequest, parseCurl } from '../explain/curl.ts';
import { explain } from '../explain/explain.ts';
import { MAX_QUESTION_BYTES, questionSchema } from '../explain/question.ts';
import { splitShellWords } from '../explain/shell-words.ts';
import { type AdminAnswer, type AdminSource, ok, refusal } from './answer.ts';
import { readJson } from './read-json.ts';

/** A question that somebody has pasted as a command line: `curl` in the place of method, URL, fields and body. */
const pastedSchema = z
  .strictObject({ curl: z.string(), address: z.unknown(), ask: z.unknown() })
  .partial({ address: true, ask: true });

/** `POST /explain`: what would become of a request, and why; nothing is consumed, written or sent. */
export async function explainRequest({ deps, gateway }: AdminSource, req: IncomingMessage): Promise<AdminAnswer> {
  const read = await readJson(req, MAX_QUESTION_BYTES);
  if ('refused' in read) return read.refused;
  const asked = readPasted(read.value);
  if (typeof asked === 'string') return refusal('invalid_request', { detail: `${asked}.` });
  const parsed = questionSchema.safeParse(asked);
  if (!parsed.success) return refusal('invalid_request', { detail: `${z.prettifyError(parsed.error)}.` });
  return ok(await explain(gateway, deps, parsed.data));
}

/** The question that a curl line is, or what can't be understood of it; any other question as it is. */
function readPasted(value: unknown): unknown {
  const pasted = pastedSchema.safeParse(value);
  if (!pasted.success) return value;
  const { curl, ...rest } = pasted.data;
  try {
    const words = splitShellWords(curl);
    if (words[0] !== 'curl') return 'the line does not begin with curl';
    return { ...withoutBody(parseCurl(words.slice(1), refuseFile)), ...rest };
  } catch (error) {
    return `curl ${(error as Error).message}`;
  }
}

function withoutBody({ body, ...rest }: CurlRequest): object {
  return body === undefined ? rest : { ...rest, body };
}

/** The line comes over the network: no file of this machine is anybody's to read. */
function refuseFile(): never {
  throw new Error('a file behind -d @ is not read here: write its content');
}
