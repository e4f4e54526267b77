import { MessageFault } from './message-fault.ts';

/**
 * The text of an XML document: its encoding is what a byte order mark says, or else `charset` of the Content-Type, or
 * else its declaration; UTF-8 by default (RFC 7303, section 3). Throws `MessageFault` for an encoding that is unknown,
 * and for bytes that are none of its characters.
 */
export function decodeXml(bytes: Buffer, contentType: string | undefined): string {
  const label = markOf(bytes) ?? charsetOf(contentType) ?? declaredIn(bytes) ?? 'utf-8';
  const decoder = decoderOf(label);
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw new MessageFault('malformed', `no text in ${decoder.encoding}`, { cause });
  }
}

function decoderOf(label: string) {
  try {
    return new TextDecoder(label, { fatal: true });
  } catch (cause) {
    throw new MessageFault('malformed', 'in an encoding that is not known', { cause });
  }
}

function markOf(bytes: Buffer): string | undefined {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return 'utf-8';
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  return bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : undefined;
}

function charsetOf(contentType: string | undefined): string | undefined {
  return /;\s*charset\s*=\s*"?([\w.:-]{1,40})/i.exec(contentType ?? '')?.[1];
}

function declaredIn(bytes: Buffer): string | undefined {
  const begin = bytes.toString('latin1', 0, 200);
  return /^\s*<\?xml\s[^>]*?encoding\s*=\s*["']([\w.:-]{1,40})["']/.exec(begin)?.[1];
}
