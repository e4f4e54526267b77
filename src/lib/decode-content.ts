import zlib from 'node:zlib';

/** Why content could not be decoded. */
export class UndecodableContent extends Error {
  readonly reason: 'unknown coding' | 'broken' | 'too large';

  constructor(reason: UndecodableContent['reason'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}

type Decoder = (bytes: Buffer, options: { maxOutputLength: number }, done: Done) => void;
type Done = (error: Error | null, result: Buffer) => void;

const DECODERS: Readonly<Record<string, Decoder>> = {
  gzip: zlib.gunzip,
  'x-gzip': zlib.gunzip,
  deflate: zlib.inflate,
  br: zlib.brotliDecompress,
  zstd: zlib.zstdDecompress,
};

/** True for a coding that `decodeContent` undoes, and for none at all. */
export function isKnownCoding(coding: string): boolean {
  const lower = coding.toLowerCase();
  return lower === 'identity' || Object.hasOwn(DECODERS, lower);
}

/** Nobody applies more; each costs a run over all of it. */
const MAX_CODINGS = 2;

/** The codings of a Content-Encoding (RFC 9110, section 8.4), in the order in which they were applied. */
function listCodings(field: string | undefined): string[] {
  return (field ?? '')
    .toLowerCase()
    .split(',')
    .map((coding) => coding.trim())
    .filter((coding) => coding !== '' && coding !== 'identity');
}

/** True where the content is as it is, with nothing to decode. */
export function isIdentity(field: string | undefined): boolean {
  return field === undefined || listCodings(field).length === 0;
}

/**
 * Content without its codings: gzip, deflate, br, zstd. Rejects with `UndecodableContent`; what would grow over
 * `maxBytes` is given up as soon as it does, however much would have come.
 */
export async function decodeContent(bytes: Buffer, field: string | undefined, maxBytes: number): Promise<Buffer> {
  const codings = listCodings(field);
  if (codings.length > MAX_CODINGS) throw new UndecodableContent('unknown coding', `${codings.length} codings at once`);
  let decoded = bytes;
  for (const coding of codings.reverse()) {
    const decoder = Object.hasOwn(DECODERS, coding) ? DECODERS[coding] : undefined;
    if (decoder === undefined) throw new UndecodableContent('unknown coding', `the coding "${coding}" is not known`);
    decoded = await run(decoder, decoded, coding, maxBytes);
  }
  return decoded;
}

function run(decoder: Decoder, bytes: Buffer, coding: string, maxBytes: number): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  decoder(bytes, { maxOutputLength: maxBytes }, (error, result) => {
    if (error === null) return resolve(result);
    const isTooLarge = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
    const message = isTooLarge ? `more than ${maxBytes} bytes once decoded` : `this is no ${coding}: ${error.message}`;
    reject(new UndecodableContent(isTooLarge ? 'too large' : 'broken', message, { cause: error }));
  });
  return promise;
}
