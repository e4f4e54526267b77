import type { Call, CallAnswer } from '../deps.ts';
import { isObject } from '../lib/json-object.ts';
import { parseJsonWithNames } from '../lib/json-text.ts';
import type { AnswerFields } from '../sink.ts';

export interface Question {
  readonly method?: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Whose word is taken for the certificate; PEM. */
  readonly tls?: { readonly ca: string } | undefined;
  readonly timeoutMs: number;
  /** Larger answers are an error. */
  readonly maxBytes: number;
}

/** Asks an auth server, once; no redirect is followed. Rejects with an Error that names the URL without its query. */
export async function ask(call: Call, url: string, { headers, ...question }: Question): Promise<CallAnswer> {
  try {
    const fields = Object.entries({ accept: '*/*', 'user-agent': 'turnpike', ...headers }).flat();
    return await call({ to: new URL(url), headers: fields, ...question });
  } catch (cause) {
    throw new Error(`${url.split('?', 1)[0]} does not answer as it should: ${reasonOf(cause)}`, { cause });
  }
}

/** Asks for a JSON object; anything but 200 and an object is an error. */
export async function askForObject(
  call: Call,
  url: string,
  question: Question,
): Promise<Readonly<Record<string, unknown>>> {
  const { status, headers, body } = await ask(call, url, {
    ...question,
    headers: { accept: 'application/json', ...question.headers },
  });
  const address = url.split('?', 1)[0];
  if (status !== 200) throw new Error(`${address} answered ${status}`);
  // Nothing is decoded here, and no coding was asked for.
  const coding = fieldOf(headers, 'content-encoding') ?? 'identity';
  if (coding !== 'identity') throw new Error(`${address} answered in the coding "${coding}", which was not asked for`);
  const value = parseJson(body.toString());
  if (isObject(value)) return value;
  throw new Error(`${address} did not answer with a JSON object`);
}

/** A field of an answer; one that stands several times is joined (RFC 9110, section 5.3). */
export function fieldOf(headers: AnswerFields, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value.join(', ') : value;
}

/** Several addresses of one name that fail have no message but a code. */
function reasonOf(cause: unknown): string {
  const { message = '', code = 'no reason given' } = cause as { message?: string; code?: string };
  return message === '' ? code : message;
}

function parseJson(text: string): unknown {
  try {
    return parseJsonWithNames(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
