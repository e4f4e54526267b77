import type { IncomingMessage } from 'node:http';
import { type AdminAnswer, refusal } from './answer.ts';

/** What the body of a request to the admin port says, or why it can't be read. */
export type ReadJson = { readonly value: unknown } | { readonly refused: AdminAnswer };

/** Reads a body of JSON up to `maxBytes`: `bad_body` for what is none, `body_too_large` for more. */
export async function readJson(req: IncomingMessage, maxBytes: number): Promise<ReadJson> {
  const text = await readText(req, maxBytes);
  if (typeof text !== 'string') return { refused: text };
  try {
    return { value: JSON.parse(text) };
  } catch (error) {
    return { refused: refusal('bad_body', { detail: `The body is no JSON: ${(error as Error).message}.` }) };
  }
}

/** Reads a body up to `maxBytes` as text; `body_too_large` for more. */
export async function readText(req: IncomingMessage, maxBytes: number): Promise<string | AdminAnswer> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of req as AsyncIterable<Buffer>) {
    bytes += piece.length;
    if (bytes > maxBytes) return refusal('body_too_large', { detail: `Send at most ${maxBytes} bytes.` });
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}
