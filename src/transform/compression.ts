import { z } from 'zod';
import { mergeVary } from '../answer/head.ts';
import { mediaTypeOf } from '../lib/media-type.ts';
import { size } from '../schema-values.ts';
import type { AnswerFields } from '../sink.ts';
import { CODINGS, type Coding } from './codings.ts';

/** What gets smaller; what is coded by its nature (pictures, films, archives, WOFF) does not. */
const TYPES = [
  'text/*',
  'application/*+json',
  'application/*+xml',
  'image/*+xml',
  'model/*+json',
  'application/json',
  'application/xml',
  'application/javascript',
  'application/x-javascript',
  'application/ecmascript',
  'application/graphql',
  'application/graphql-response',
  'application/x-ndjson',
  'application/ndjson',
  'application/jsonl',
  'application/json-seq',
  'application/sql',
  'application/yaml',
  'application/x-yaml',
  'application/toml',
  'application/wasm',
  'application/rtf',
  'application/x-www-form-urlencoded',
  'application/vnd.ms-fontobject',
  'font/ttf',
  'font/otf',
  'image/bmp',
  'image/x-icon',
  'image/vnd.microsoft.icon',
];

const TYPE = /^[a-z0-9!#$&^_.+-]+\/(?:\*|(?:\*\+)?[a-z0-9!#$&^_.+-]+)$/;

export const compressOption = z.strictObject({
  types: z
    .array(
      z.string().regex(TYPE, { error: 'expected a media type in lower case, such as "text/*" or "application/json"' }),
    )
    .min(1)
    .max(100)
    .optional()
    .describe(
      'Media types that are compressed: `text/*`, `application/*+json` and plain ones. Default: text, JSON, XML, JavaScript and what else gets smaller. Event streams never are.',
    ),
  minSize: size({ max: '1gb' })
    .prefault('1kb')
    .describe('A smaller answer, where its length is known, goes as it is. Default 1kb.'),
  codings: z
    .array(z.enum(CODINGS))
    .min(1)
    .default([...CODINGS])
    .describe('The codings that are offered; of those that a client likes equally, the first.'),
});

/** How the answers of one route are compressed. */
export interface Compression {
  readonly codings: readonly Coding[];
  readonly minBytes: number;
  /** By the Content-Type. */
  isCompressible(fields: AnswerFields): boolean;
}

export function createCompression(options: z.output<typeof compressOption>): Compression {
  const plain = new Set<string>();
  const suffixes: (readonly [string, string])[] = [];
  for (const type of options.types ?? TYPES) {
    const star = type.indexOf('*');
    if (star === -1) plain.add(type);
    else suffixes.push([type.slice(0, star), type.slice(star + 1)]);
  }

  return {
    codings: options.codings,
    minBytes: options.minSize,
    isCompressible({ 'content-type': field }) {
      const type = mediaTypeOf(typeof field === 'string' ? field : undefined);
      // The end of an event has to reach its reader at once, and the gateway ends such a stream between two events.
      if (type === '' || type === 'text/event-stream') return false;
      return plain.has(type) || suffixes.some(([start, end]) => type.startsWith(start) && type.endsWith(end));
    },
  };
}

/** Statuses whose answers have no content, or a part of it alone (RFC 9110, sections 15.3 and 15.4.5). */
const WITHOUT_CONTENT = new Set([204, 205, 206, 304]);

/** True where the content is all there is, and nobody has coded it. */
export function isPlainContent(status: number, fields: AnswerFields): boolean {
  return (
    !WITHOUT_CONTENT.has(status) && fields['content-encoding'] === undefined && fields['content-range'] === undefined
  );
}

/** True where nobody on the way may change the content (RFC 9111, section 5.2.2.6, and 5.2.1.6 for a request). */
export function forbidsTransform(cacheControl: string | string[] | undefined): boolean {
  if (cacheControl === undefined) return false;
  return [cacheControl].flat().join(',').toLowerCase().includes('no-transform');
}

/** Fields that are true of the plain content alone (RFC 9110, sections 8.6 and 14.3; RFC 9530). */
const PLAIN_FIELDS = ['content-length', 'accept-ranges', 'content-digest', 'repr-digest', 'digest', 'content-md5'];

/** The fields of an answer whose content gets this coding. */
export function codedFields(fields: AnswerFields, coding: Coding): AnswerFields {
  const coded: Record<string, string | string[] | undefined> = { ...fields, 'content-encoding': coding };
  for (const name of PLAIN_FIELDS) delete coded[name];
  const { etag } = coded;
  // The bytes are no longer those that the service has tagged (RFC 9110, section 8.8.1).
  if (typeof etag === 'string' && !etag.startsWith('W/')) coded['etag'] = `W/${etag}`;
  return coded;
}

/** The fields of an answer that depends on Accept-Encoding. */
export function variedFields(fields: AnswerFields): AnswerFields {
  const { vary } = fields;
  return { ...fields, vary: vary === undefined ? 'Accept-Encoding' : mergeVary(vary, 'Accept-Encoding') };
}

/**
 * The fields of a 304: its tag is the one that the client has shown, which was made weak here (RFC 9110, section
 * 15.4.5: the fields that a 200 would have had).
 */
export function unchangedFields(fields: AnswerFields, ifNoneMatch: string | undefined): AnswerFields {
  const { etag } = fields;
  const wasWeakened = typeof etag === 'string' && ifNoneMatch?.includes(`W/${etag}`) === true;
  return variedFields(wasWeakened ? { ...fields, etag: `W/${etag}` } : fields);
}

/** One entity tag, weak, of a list. */
const WEAK_TAG = /W\/("[\x21\x23-\x7e\x80-\xff]*")/g;

/**
 * An If-Match with, beside each weak tag, the strong one that it may have been made from here: a weak tag never matches
 * (RFC 9110, section 13.1.1), so that whoever has read a compressed answer could change nothing.
 */
export function withStrongTags(ifMatch: string): string {
  return ifMatch.replace(WEAK_TAG, '$&, $1');
}
