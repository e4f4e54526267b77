/** Groups of 16 bits that a /56 covers whole; of the next one it covers the first half. */
const WHOLE_GROUPS = 3;

/**
 * The network that an address is one of: IPv4 as it is, of IPv6 the /56, which is what one customer usually gets
 * (RFC 6177). Takes addresses as `plainAddress` gives them; what is none is its own network.
 */
export function networkKey(address: string): string {
  if (!address.includes(':')) return address;
  const [before = '', after] = address.split('::');
  const head = before === '' ? [] : before.split(':');
  const tail = after === undefined || after === '' ? [] : after.split(':');
  const missing = after === undefined ? 0 : Math.max(0, 8 - head.length - tail.length);
  const groups = [...head, ...Array<string>(missing).fill('0'), ...tail];
  const whole = groups.slice(0, WHOLE_GROUPS).map((group) => Number.parseInt(group, 16).toString(16));
  const half = Number.parseInt(groups[WHOLE_GROUPS] ?? '0', 16) >> 8;
  return `${whole.join(':')}:${half.toString(16)}/56`;
}
