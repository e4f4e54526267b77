import zlib from 'node:zlib';
import { qualityValues } from '../lib/quality-values.ts';

const { constants } = zlib;

/** The codings that answers are given (RFC 9110, section 8.4.1; RFC 7932; RFC 8878), the one that is liked best first. */
export const CODINGS = ['zstd', 'br', 'gzip'] as const;

export type Coding = (typeof CODINGS)[number];

/** What codes piece by piece; `flush` brings out what is inside so far. */
export type CodingStream = zlib.Gzip | zlib.BrotliCompress | zlib.ZstdCompress;

interface Coder {
  stream(): CodingStream;
  /** All of it at once, on this thread. */
  whole(bytes: Buffer): Buffer;
  /** The kind of flush after which a reader can decode all that it has. */
  readonly flush: number;
}

const GZIP = { level: 6 };
/** 16 MB windows would cost memory, and what is coded here has no use for them. */
const WINDOW_BITS = 19;
const BROTLI = { params: { [constants.BROTLI_PARAM_QUALITY]: 4, [constants.BROTLI_PARAM_LGWIN]: WINDOW_BITS } };
const ZSTD = { params: { [constants.ZSTD_c_compressionLevel]: 3, [constants.ZSTD_c_windowLog]: WINDOW_BITS } };

/** Levels as measured: docs/answers.md. */
export const CODERS: Readonly<Record<Coding, Coder>> = {
  zstd: {
    stream: () => zlib.createZstdCompress(ZSTD),
    whole: (bytes) => zlib.zstdCompressSync(bytes, ZSTD),
    flush: constants.ZSTD_e_flush,
  },
  br: {
    stream: () => zlib.createBrotliCompress(BROTLI),
    whole: (bytes) => zlib.brotliCompressSync(bytes, BROTLI),
    flush: constants.BROTLI_OPERATION_FLUSH,
  },
  gzip: {
    stream: () => zlib.createGzip(GZIP),
    whole: (bytes) => zlib.gzipSync(bytes, GZIP),
    flush: constants.Z_SYNC_FLUSH,
  },
};

/** What a client takes. */
export interface Accepted {
  /** Undefined: the content as it is. */
  readonly coding: Coding | undefined;
  /** True where the client refuses content as it is, so that small content is coded too. */
  readonly refusesPlain: boolean;
}

const PLAIN: Accepted = { coding: undefined, refusesPlain: false };

/**
 * The coding of those offered that a client likes best (RFC 9110, section 12.5.3); among equals the first. Where there
 * is none, content goes as it is, also to who refuses that: an answer that can be read is better than none.
 */
export function chooseCoding(acceptEncoding: string | undefined, offered: readonly Coding[]): Accepted {
  if (acceptEncoding === undefined || acceptEncoding.trim() === '') return PLAIN;
  const qualities = qualityValues(acceptEncoding);
  const [coding, quality] = bestOf(offered, qualities);
  const plain = qualities.get('identity') ?? (qualities.get('*') === 0 ? 0 : undefined);
  if (coding === undefined || (plain ?? 0) > quality) return PLAIN;
  return { coding, refusesPlain: plain === 0 };
}

function bestOf(
  offered: readonly Coding[],
  qualities: ReadonlyMap<string, number>,
): readonly [coding: Coding | undefined, quality: number] {
  const any = qualities.get('*') ?? 0;
  let best: Coding | undefined;
  let quality = 0;
  for (const one of offered) {
    const its = qualities.get(one) ?? (one === 'gzip' ? qualities.get('x-gzip') : undefined) ?? any;
    if (its <= quality) continue;
    best = one;
    quality = its;
  }
  return [best, quality];
}
