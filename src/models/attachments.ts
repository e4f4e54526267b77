import { BYTES_PER_TOKEN } from './bytes-per-token.ts';

type Json = Readonly<Record<string, unknown>>;

/** A picture, a recording or a file inside of a message: what models make of a common one, at least. */
const ATTACHMENT_TOKENS = 1_000;
/** Bytes to a token of what may be of any length: speech in a common coding, and documents, which are packed. */
const RECORDING_BYTES = 1_024;
const FILE_BYTES = 64;

/** A shorter string is counted as the text that it may be. */
const MIN_CHARS = 512;

/** Members that hold a data URL, by themselves or under `url`. */
const URL_NAMES = new Set(['image_url', 'audio_url', 'video_url', 'file_url']);
/** Objects whose member `data` is encoded content in any case. */
const DATA_HOLDERS = new Set(['inline_data', 'inlineData']);
/** Longer types of media nobody has. */
const DATA_URL = /^data:([^,;]{0,128})(?:;[^,;]{0,128}){0,8};base64,/i;

/**
 * Tokens of a member that is a picture, a recording or a file; undefined for what is to be read as text. Only where an API
 * has a place for such content, and what stands there is Base64 (RFC 4648): a text elsewhere may begin as it likes.
 */
export function attachmentTokens(holder: Json, holderName: string, name: string, text: string): number | undefined {
  if (text.length < MIN_CHARS) return undefined;
  const type = placeOf(holder, holderName, name);
  if (type === undefined) return undefined;
  const head = DATA_URL.exec(text);
  const from = head === null ? 0 : head[0].length;
  if ((head === null && type === 'url') || !isBase64(text, from)) return undefined;
  const bytes = Math.ceil(((text.length - from) * 3) / 4);
  return tokensOf(type === 'url' ? (head?.[1] ?? '') : type, bytes);
}

/** What may stand there: its type of media, `url` where that says its own; undefined where text stands. */
function placeOf(holder: Json, holderName: string, name: string): string | undefined {
  if (URL_NAMES.has(name === 'url' ? holderName : name)) return 'url';
  if (name === 'data') return typeOfData(holder, holderName);
  if (name === 'file_data') return 'file';
  const isPicture = name === 'b64_json' || (name === 'result' && own(holder, 'type') === 'image_generation_call');
  return isPicture ? 'image/*' : undefined;
}

/** A member of this name is text as well: in the plain documents of Anthropic. */
function typeOfData(holder: Json, holderName: string): string | undefined {
  if (holderName === 'input_audio') return 'audio/*';
  const isEncoded = DATA_HOLDERS.has(holderName) || (holderName === 'source' && own(holder, 'type') === 'base64');
  const type = own(holder, 'media_type') ?? own(holder, 'mime_type') ?? own(holder, 'mimeType');
  return isEncoded ? String(type ?? 'file') : undefined;
}

function tokensOf(type: string, bytes: number): number {
  const kind = type.trim().toLowerCase().split('/', 1)[0];
  if (kind === 'image' || kind === 'video') return ATTACHMENT_TOKENS;
  if (kind === 'text') return Math.ceil(bytes / BYTES_PER_TOKEN);
  return Math.max(ATTACHMENT_TOKENS, Math.ceil(bytes / (kind === 'audio' ? RECORDING_BYTES : FILE_BYTES)));
}

function isBase64(text: string, from: number): boolean {
  return /^[\w+/-]*={0,2}$/.test(text.slice(from).trimEnd());
}

function own(holder: Json, name: string): unknown {
  return Object.hasOwn(holder, name) ? holder[name] : undefined;
}
