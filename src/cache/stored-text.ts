import { z } from 'zod';
import { isEntry, type Stored } from './store.ts';

const head = z.object({
  /** Under which name it was stored, and with which mark: another reply than the one that was asked for is none. */
  name: z.string(),
  mark: z.string(),
  status: z.int().min(200).max(599),
  fields: z.record(z.string(), z.union([z.string(), z.array(z.string())])),
  askedAtMs: z.number(),
  bornAtMs: z.number(),
  lifetimeMs: z.number(),
  isAlwaysAsked: z.boolean(),
  isStrict: z.boolean(),
  staleWhileRevalidateMs: z.number(),
  staleIfErrorMs: z.number(),
  route: z.string(),
  path: z.string(),
  tags: z.array(z.string()),
  size: z.number(),
});
const variants = z.object({ name: z.string(), mark: z.string(), vary: z.array(z.string()) });
const either = z.union([head, variants]);

/** What is stored as a line of JSON, and behind it the body in base64. */
export function encodeStored(stored: Stored, name: string, mark: string): string {
  if (!isEntry(stored)) return JSON.stringify({ name, mark, vary: stored.vary });
  const { body, ...rest } = stored;
  return `${JSON.stringify({ ...rest, name, mark, size: body.length })}\n${body.toString('base64')}`;
}

/** Undefined for whatever is not what was stored under this name, while the URL had this mark. */
export function decodeStored(text: unknown, name: string, mark: string): Stored | undefined {
  if (typeof text !== 'string') return undefined;
  const end = text.indexOf('\n');
  const read = either.safeParse(parse(end < 0 ? text : text.slice(0, end)));
  if (!read.success || read.data.name !== name || read.data.mark !== mark) return undefined;
  if ('vary' in read.data) return { vary: read.data.vary };
  const { name: _, mark: __, size, fields, ...rest } = read.data;
  const body = Buffer.from(text.slice(end + 1), 'base64');
  return end < 0 || body.length !== size ? undefined : { ...rest, fields, body };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
