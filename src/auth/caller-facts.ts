import { z } from 'zod';

/** What may be said of a consumer, a group or a key, in the file, in Redis and by the admin API: one schema for all. */

const MAX_METADATA = 32;
const MAX_METADATA_CHARS = 4096;
const METADATA_NAME = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/;
const METADATA_VALUE = /^[^\p{Cc}\p{Cs}]{0,512}$/u;

export const CONSUMER_NAME = /^[A-Za-z0-9][A-Za-z0-9._@-]{0,127}$/;
export const KEY_ID = /^[A-Za-z0-9._-]{1,64}$/;
/** RFC 6749, section 3.3. */
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]{1,128}$/;
const MAX_NAMES = 100;

export const consumerName = z
  .string()
  .regex(CONSUMER_NAME, 'expected letters, digits, ".", "_", "@" or "-", at most 128');
export const groupName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'expected letters, digits, ".", "_" or "-", at most 64');
export const keyId = z.string().regex(KEY_ID, 'expected letters, digits, ".", "_" or "-", at most 64');
export const roleList = z.array(z.string().min(1).max(128)).max(MAX_NAMES);
export const scopeList = z
  .array(z.string().regex(SCOPE, 'expected visible ASCII without spaces, quotes and backslashes, at most 128'))
  .max(MAX_NAMES);
export const groupList = z.array(groupName).max(16);
export const endOfKey = z.iso.datetime({ offset: true, error: 'expected a time such as "2027-01-01T00:00:00Z"' });

/** Small texts by name, which conditions and values read as `consumer.metadata.NAME`. */
export const metadataMap = z
  .record(
    z.string().regex(METADATA_NAME, {
      error: 'expected a letter, then letters, digits, "_" or "-", at most 64',
    }),
    z.string().regex(METADATA_VALUE, { error: 'expected a text without control characters, at most 512' }),
  )
  .refine((map) => Object.keys(map).length <= MAX_METADATA, `at most ${MAX_METADATA} names`)
  .refine(
    (map) =>
      Object.entries(map).reduce((sum, [name, value]) => sum + name.length + value.length, 0) <= MAX_METADATA_CHARS,
    `at most ${MAX_METADATA_CHARS} characters in all`,
  );

export type MetadataMap = Readonly<Record<string, string>>;
