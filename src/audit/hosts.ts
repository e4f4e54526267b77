import { isIP } from 'node:net';
import { PRIVATE } from '../config/setting-warnings.ts';
import { createNetworkTest } from '../lib/network-test.ts';

/** Names that no resolver of the internet knows (RFC 6761, 6762, 8375; and what clusters and offices use). */
const INSIDE = /\.(?:internal|intranet|local|localhost|lan|home|corp|private|svc|consul|test|home\.arpa)$/;

const isPrivate = createNetworkTest([...PRIVATE, '0.0.0.0', '::']);

/** Whether this is plain http to a host on the internet; a name without a dot is one of a cluster or of a compose file. */
export function isHttpToOutside(text: string): boolean {
  const url = URL.parse(text);
  if (url === null || url.protocol !== 'http:') return false;
  const host = url.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
  if (isIP(host) !== 0) return !isPrivate(host);
  return host.includes('.') && !INSIDE.test(host);
}
