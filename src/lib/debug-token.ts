import { createHmac, timingSafeEqual } from 'node:crypto';

/** What a debug token begins with, so that it is recognised in a log. */
const PREFIX = 'tpd_';
const TOKEN = /^tpd_(\d{10,15})\.([\w-]{43})$/;

/** A token that is good until then (epoch ms), signed with a key that is made from the secret for this alone. */
export function signDebugToken(secret: string, untilMs: number): string {
  const until = String(Math.ceil(untilMs));
  return `${PREFIX}${until}.${signatureOf(secret, until).toString('base64url')}`;
}

/** Whether a token was signed with this secret, and is good now. */
export function isDebugToken(secret: string, token: string, nowMs: number): boolean {
  const [, until = '', signature = ''] = TOKEN.exec(token) ?? [];
  if (until === '' || Number(until) <= nowMs) return false;
  return timingSafeEqual(Buffer.from(signature, 'base64url'), signatureOf(secret, until));
}

function signatureOf(secret: string, until: string): Buffer {
  return createHmac('sha256', secret).update(`turnpike debug token ${until}`).digest();
}
