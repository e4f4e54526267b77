import { isHostName } from './host-name.ts';
import { isLoopback } from './loopback.ts';

/**
 * Whether secrets, keys and verdicts may be exchanged with this URL: https, or http on this very machine. Over plain http
 * on a network anybody on the way could read them, or put in their own: that must be allowed by name.
 */
export function isSafeUrl(text: string, allowHttp = false): boolean {
  const url = URL.parse(text);
  if (url === null || url.username !== '' || url.password !== '' || !isHostName(url.hostname)) return false;
  if (url.protocol === 'https:') return true;
  return url.protocol === 'http:' && (allowHttp || isLoopback(url.hostname));
}
