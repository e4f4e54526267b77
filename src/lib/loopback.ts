const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|::1|\[::1\])$/i;

/** True for a host (a name or an address, without its port) that is this very machine. */
export function isLoopback(host: string): boolean {
  return LOOPBACK.test(host);
}
