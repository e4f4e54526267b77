import type { CliIo } from './io.ts';
import { KeyStoreError } from './key-store.ts';

const MIN_CHARS = 8;
/** Base64 of name and password together may have 1,024 characters at a gateway. */
const MAX_BYTES = 512;

/**
 * A password of one's choosing, as the first line of standard input: on the command line every process of the machine
 * could read it. Throws a KeyStoreError for one that nobody could send, or that is too short.
 */
export async function readPassword({ input }: CliIo): Promise<string> {
  const password = await input?.();
  if (password === undefined) {
    throw new KeyStoreError('--password-stdin reads a pipe: read -rs PASSWORD; printf %s "$PASSWORD" | turnpike key …');
  }
  if (password.length < MIN_CHARS) throw new KeyStoreError(`a password has at least ${MIN_CHARS} characters`);
  if (Buffer.byteLength(password) > MAX_BYTES) throw new KeyStoreError(`a password has at most ${MAX_BYTES} bytes`);
  // RFC 7617, section 2: neither user name nor password has control characters.
  if (/\p{Cc}/u.test(password)) throw new KeyStoreError('a password is one line, without control characters');
  return password;
}
