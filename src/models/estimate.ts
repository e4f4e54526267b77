/** Of English and of code; other scripts have fewer characters to a token, but more bytes to a character. */
export const BYTES_PER_TOKEN = 4;
/** A picture, a recording or a file inside of a message: what models make of a common one. */
const ATTACHMENT_TOKENS = 1_000;
/** Longer than this, such a string is content that was encoded, and no text. */
const MIN_ATTACHMENT_CHARS = 512;
/** Where messages carry such content; elsewhere it is a URL of the scheme `data`. */
const ATTACHMENT_NAMES = new Set(['data', 'file_data', 'b64_json', 'encrypted_content', 'signature']);

/**
 * How many tokens a body is to a model: a quarter of the bytes of its names and texts, one for each number in a list
 * (texts may be sent as tokens), a thousand for each attachment. No tokenizer: it is what is reserved until the service
 * tells.
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
  if (typeof value === 'string') addText(sum, value, name);
  else if (Array.isArray(value)) addList(sum, value, name);
  else if (typeof value === 'object' && value !== null) {
    for (const [key, member] of Object.entries(value)) {
      sum.bytes += key.length;
      add(sum, member, key);
    }
  } else sum.bytes += 1;
}

function addText(sum: Sum, text: string, name: string): void {
  const isAttachment = text.length >= MIN_ATTACHMENT_CHARS && (ATTACHMENT_NAMES.has(name) || text.startsWith('data:'));
  if (isAttachment) sum.tokens += ATTACHMENT_TOKENS;
  else sum.bytes += Buffer.byteLength(text);
}

function addList(sum: Sum, list: readonly unknown[], name: string): void {
  for (const one of list) {
    if (typeof one === 'number') sum.tokens += 1;
    else add(sum, one, name);
  }
}
