import type { RequestContext } from '../context.ts';
import type { CredentialPlaces } from '../lib/hidden-values.ts';
import { isSecretName, REDACTED, redactQuery, redactText, redactWord } from '../lib/redact.ts';
import type { Kind } from '../pool.ts';

/** So many requests are looked back on. */
export const MAX_RECORDS = 10_000;
/** The memory for them is taken piece by piece, and the oldest piece is let go. */
const PIECE_BYTES = 1024 * 1024;
const MAX_PIECES = 16;
/** A longer record is left out. */
const MAX_RECORD_BYTES = 64 * 1024;
/** Above this rate requests are thinned out evenly: what is kept of each costs microseconds. */
const MAX_A_SECOND = 200;
const SECOND_MS = 1000;
/** It carries a debug token, which is good until it ends. */
const DEBUG_FIELD = 'x-gateway-debug';

interface Piece {
  readonly bytes: Buffer;
  /** Where each record ends. */
  readonly ends: number[];
}

/** What of a request decisions were made from, and the caller beside it. */
export interface RecordedRequest<Caller = unknown> {
  readonly method: string;
  readonly target: string;
  /** Names and values by turns; of a credential its place alone. */
  readonly headers: readonly string[];
  readonly peer: string;
  readonly scheme: 'http' | 'https';
  readonly caller: Caller;
}

/** What became of it. */
export interface RecordedEnd {
  readonly atMs: number;
  readonly route: string | undefined;
  readonly status: number;
  readonly code: string | undefined;
  readonly refusedBy: string | undefined;
  readonly service: string | undefined;
}

/** A record as it is kept: both halves as JSON, so that requests that are alike can be told by their text. */
export interface RecordText {
  readonly request: string;
  readonly end: string;
}

/**
 * The last requests of the process, as texts in a few large pieces of memory: ten thousand objects that live for
 * minutes would be walked by every collection of the old generation. Above 200 a second a share of them is kept.
 */
export class Recorder {
  readonly #pieces: Piece[] = [];
  readonly #random: () => number;
  #count = 0;
  #secondEndsAtMs = 0;
  #seen = 0;
  #kept = 0;
  #share = 1;
  #added = 0;
  /** How many had been added when the last one was left out. */
  #leftOutAt = Number.NEGATIVE_INFINITY;

  constructor(random = Math.random) {
    this.#random = random;
  }

  /** Requests that are kept. */
  get size(): number {
    return Math.min(this.#count, MAX_RECORDS);
  }

  /** Whether some were left out among those that are kept. */
  get isThinned(): boolean {
    return this.#added - this.#leftOutAt <= this.size;
  }

  /** Whether the request that has ended is one to keep. */
  wants(nowMs: number): boolean {
    if (nowMs >= this.#secondEndsAtMs) this.#turn(nowMs);
    this.#seen += 1;
    if (this.#kept < MAX_A_SECOND && (this.#share === 1 || this.#random() < this.#share)) {
      this.#kept += 1;
      return true;
    }
    this.#leftOutAt = this.#added;
    return false;
  }

  add({ request, end }: RecordText): void {
    const text = `${request}\n${end}`;
    const longest = text.length * 3;
    if (text.length > MAX_RECORD_BYTES) {
      this.#leftOutAt = this.#added;
      return;
    }
    let piece = this.#pieces.at(-1);
    if (piece === undefined || (piece.ends.at(-1) ?? 0) + longest > PIECE_BYTES) piece = this.#nextPiece();
    const start = piece.ends.at(-1) ?? 0;
    piece.ends.push(start + piece.bytes.write(text, start));
    this.#count += 1;
    this.#added += 1;
  }

  /** The last ones, the oldest first. */
  *list(): Generator<RecordText> {
    let skipped = Math.max(0, this.#count - MAX_RECORDS);
    // What is written meanwhile is none of it: a piece that is taken anew would be read as what it was.
    for (const { bytes, ends } of this.#pieces.map(({ bytes: all, ends: list }) => ({ bytes: all, ends: [...list] }))) {
      for (let i = 0; i < ends.length; i += 1) {
        if (skipped > 0) {
          skipped -= 1;
          continue;
        }
        const [request = '', end = ''] = bytes.toString('utf8', ends[i - 1] ?? 0, ends[i]).split('\n', 2);
        yield { request, end };
      }
    }
  }

  /** The share of the second before decides how many of this one are kept. */
  #turn(nowMs: number): void {
    const isNext = nowMs < this.#secondEndsAtMs + SECOND_MS;
    this.#share = isNext && this.#seen > MAX_A_SECOND ? MAX_A_SECOND / this.#seen : 1;
    this.#secondEndsAtMs = nowMs + SECOND_MS;
    this.#seen = 0;
    this.#kept = 0;
  }

  #nextPiece(): Piece {
    const [oldest] = this.#pieces;
    const isSpare = oldest !== undefined && this.#count - oldest.ends.length >= MAX_RECORDS;
    if (oldest !== undefined && (isSpare || this.#pieces.length >= MAX_PIECES)) {
      this.#pieces.shift();
      this.#count -= oldest.ends.length;
    }
    const piece: Piece = { bytes: Buffer.allocUnsafeSlow(PIECE_BYTES), ends: [] };
    this.#pieces.push(piece);
    return piece;
  }
}

/** One for the process. */
export const recorderKind: Kind<Recorder> = { name: 'recorder', close: () => undefined };

/** What is kept of a request that has ended; undefined for what can't be decided anew. */
export function describeRecord(
  context: RequestContext,
  caller: unknown,
  atMs: number,
  status: number,
  places: CredentialPlaces,
): RecordText | undefined {
  const { req, method, peerAddress: peer, scheme, route, errorCode, refusedBy, service } = context;
  // An open WebSocket has a stand-in for its request.
  if (!Array.isArray(req.rawHeaders) || req.url === undefined) return undefined;
  const target = (req as { originalUrl?: string }).originalUrl ?? req.url;
  const request: RecordedRequest = {
    method,
    target: withoutSecrets(target, places),
    headers: cleanHeaders(req.rawHeaders, places),
    peer,
    scheme,
    caller,
  };
  const end: RecordedEnd = { atMs, route: route?.name, status, code: errorCode, refusedBy, service };
  return { request: JSON.stringify(request), end: JSON.stringify(end) };
}

function withoutSecrets(target: string, { parameters }: CredentialPlaces): string {
  const mark = target.indexOf('?');
  if (mark < 0) return redactWord(target);
  return redactWord(target.slice(0, mark)) + redactQuery(target.slice(mark), parameters);
}

function cleanHeaders(raw: readonly string[], { fields }: CredentialPlaces): string[] {
  const clean: string[] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const [name, value] = [raw[i] as string, raw[i + 1] as string];
    clean.push(name, cleanValue(name.toLowerCase(), value, fields));
  }
  return clean;
}

function cleanValue(name: string, value: string, places: ReadonlySet<string>): string {
  if (name === 'cookie')
    return value.replace(/(^|;)[^=;]+(?=;|$)/g, `$1${REDACTED}`).replace(/=[^;]*/g, `=${REDACTED}`);
  if (name === 'authorization') {
    const space = value.indexOf(' ');
    return space < 0 ? REDACTED : `${value.slice(0, space)} ${REDACTED}`;
  }
  if (places.has(name) || isSecretName(name) || name === DEBUG_FIELD) return REDACTED;
  // Of a URL (Referer, say) a parameter may be one.
  return value.includes('=') && /[?&]/.test(value) ? redactText(value) : redactWord(value);
}
