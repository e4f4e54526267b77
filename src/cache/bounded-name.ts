import { hash } from 'node:crypto';

/** Longer names are hashed in any case. */
const MAX_PLAIN = 2048;

/**
 * A text as a name: itself where it stays in this process and is short, else a hash of it. No hash has a character that
 * is not of base64url, and no text that is given here is without one: the two are never the same.
 */
export function boundedName(text: string, isLocal: boolean): string {
  return isLocal && text.length <= MAX_PLAIN ? text : hash('sha256', text, 'base64url');
}
