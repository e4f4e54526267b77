import { isLoopback } from '../lib/loopback.ts';

/** What an auth server answered: the status, and the body as JSON where it was asked for. */
export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

export interface Question {
  readonly method?: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly timeoutMs: number;
  /** Larger answers are an error. */
  readonly maxBytes: number;
}

/**
 * Asks an auth server: one try, with a deadline over everything, a bound on the size, and no redirect, so that
 * nobody but the configured server is ever asked. Rejects with an Error that names the URL without its query.
 */
export async function ask(url: string, { timeoutMs, maxBytes, ...request }: Question): Promise<Reply> {
  try {
    const signal = AbortSignal.timeout(timeoutMs);
    const response = await fetch(url, { ...request, redirect: 'manual', signal });
    const text = await readText(response, maxBytes);
    return { status: response.status, headers: response.headers, body: text };
  } catch (cause) {
    throw new Error(`${url.split('?', 1)[0]} does not answer as it should`, { cause });
  }
}

/** Asks for a JSON object; anything but 200 and an object is an error. */
export async function askForObject(url: string, question: Question): Promise<Readonly<Record<string, unknown>>> {
  const { status, body } = await ask(url, {
    ...question,
    headers: { accept: 'application/json', ...question.headers },
  });
  if (status !== 200) throw new Error(`${url.split('?', 1)[0]} answered ${status}`);
  const value = parseJson(body as string);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new Error(`${url.split('?', 1)[0]} did not answer with a JSON object`);
}

/**
 * Whether keys and verdicts may be fetched from this URL: https, or http on this very machine. Over plain http on a
 * network anybody on the way could put in a key of their own.
 */
export function isSafeUrl(text: string): boolean {
  const url = URL.parse(text);
  if (url === null || url.username !== '' || url.password !== '') return false;
  if (url.protocol === 'https:') return true;
  return url.protocol === 'http:' && isLoopback(url.hostname);
}

async function readText(response: Response, maxBytes: number): Promise<string> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of response.body ?? []) {
    bytes += part.byteLength;
    // Leaving the loop cancels the body, and with it the connection.
    if (bytes > maxBytes) throw new Error(`the answer is larger than ${maxBytes} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
