import { BYTES_PER_TOKEN } from './bytes-per-token.ts';

/** Characters of Base64 to a token, of recordings and pictures. */
const MEDIA_CHARS_PER_TOKEN = 1_024;

/** Everything below one of these is what the model has made, but for what `NO_TEXT` names. */
const PIECES = new Set(['delta', 'content_block', 'candidates', 'tool_calls', 'audio']);
/** Texts of a model that stand elsewhere. */
const TEXTS = new Set([
  'arguments',
  'completion',
  'content',
  'delta',
  'input',
  'partial_json',
  'reasoning',
  'reasoning_content',
  'refusal',
  'text',
  'thinking',
  'transcript',
]);
/** Recordings and pictures, by their names. */
const MEDIA = /^(?:data|b64_json|(?:\w+_)?b64)$/;
/** What frames a piece, pads it, or says it again. */
const NO_TEXT = new Set([
  'call_id',
  'encrypted_content',
  'error',
  'finish_reason',
  'id',
  'item_id',
  'logprobs',
  'model',
  'object',
  'obfuscation',
  'role',
  'status',
  'stop_reason',
  'stop_sequence',
  'tool_use_id',
  'type',
  'usage',
]);
/** Events of OpenAI's responses that frame others, or say again what those have said. */
const SAID_AGAIN = /\.(?:added|completed|created|done|failed|in_progress|incomplete)$/;
const RECORDING = /audio\.delta$/;

/** How much of an event is the model's: bytes of texts, and characters of media in Base64. */
export interface Streamed {
  text: number;
  media: number;
}

export function tokensOf({ text, media }: Streamed): number {
  return Math.ceil(text / BYTES_PER_TOKEN) + Math.ceil(media / MEDIA_CHARS_PER_TOKEN);
}

/** No API nests its texts deeper. */
const MAX_DEPTH = 32;

/** What the value of an event carries. By places more than by names: an API may have new ones for texts any day. */
export function streamedIn(event: object): Streamed {
  const streamed = { text: 0, media: 0 };
  const { type, delta } = event as { type?: unknown; delta?: unknown };
  if (typeof type === 'string' && SAID_AGAIN.test(type)) return streamed;
  if (typeof type === 'string' && RECORDING.test(type) && typeof delta === 'string') streamed.media += delta.length;
  else addMembers(streamed, event, { isPiece: false, depth: 0 });
  return streamed;
}

interface Place {
  readonly isPiece: boolean;
  readonly depth: number;
}

function addMembers(streamed: Streamed, members: object, place: Place): void {
  for (const [name, value] of Object.entries(members)) {
    if (!NO_TEXT.has(name)) add(streamed, value, name, place);
  }
}

function add(streamed: Streamed, value: unknown, name: string, { isPiece, depth }: Place): void {
  if (typeof value === 'string') {
    addText(streamed, value, name, isPiece);
    return;
  }
  if (depth >= MAX_DEPTH || typeof value !== 'object' || value === null) return;
  const below = { isPiece: isPiece || PIECES.has(name), depth: depth + 1 };
  if (!Array.isArray(value)) addMembers(streamed, value, below);
  else for (const one of value) add(streamed, one, name, below);
}

function addText(streamed: Streamed, text: string, name: string, isPiece: boolean): void {
  if (MEDIA.test(name)) streamed.media += text.length;
  else if (isPiece || TEXTS.has(name)) streamed.text += Buffer.byteLength(text);
}
