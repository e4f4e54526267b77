import { attachmentTokens } from './attachments.ts';
import { BYTES_PER_TOKEN } from './bytes-per-token.ts';

/**
 * How many tokens a body is to a model: a quarter of the bytes of its names and texts, one for each number in a list
 * (texts may be sent as tokens), and what attachments are by their kind. No tokenizer: it is what is reserved until the
 * service tells.
 */
export function estimateInput(body: unknown): number {
  const sum = { bytes: 0, tokens: 0 };
  add(sum, body, '');
  return Math.max(1, sum.tokens + Math.ceil(sum.bytes / BYTES_PER_TOKEN));
}

interface Sum {
  bytes: number;
  tokens: number;
}

function add(sum: Sum, value: unknown, name: string): void {
  if (typeof value === 'string') sum.bytes += Buffer.byteLength(value);
  else if (Array.isArray(value)) addList(sum, value, name);
  else if (typeof value === 'object' && value !== null)
    addMembers(sum, value as Readonly<Record<string, unknown>>, name);
  else sum.bytes += 1;
}

function addMembers(sum: Sum, members: Readonly<Record<string, unknown>>, name: string): void {
  for (const [key, member] of Object.entries(members)) {
    sum.bytes += Buffer.byteLength(key);
    const tokens = typeof member === 'string' ? attachmentTokens(members, name, key, member) : undefined;
    if (tokens === undefined) add(sum, member, key);
    else sum.tokens += tokens;
  }
}

function addList(sum: Sum, list: readonly unknown[], name: string): void {
  for (const one of list) {
    if (typeof one === 'number') sum.tokens += 1;
    else add(sum, one, name);
  }
}
