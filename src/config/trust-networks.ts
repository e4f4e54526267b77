/** First and last number of a range of addresses, in the 128 bits of IPv6; IPv4 is `::ffff:0:0/96` of it. */
type Range = readonly [first: bigint, last: bigint];

const IPV6_BITS = 128;
const GROUP_BITS = 16n;
const IPV4_BITS = 32;
const IPV4_START = 0xffffn << 32n;
/** What calls come from: IPv4 up to multicast (RFC 5771), and the global unicast of IPv6 (RFC 4291, section 2.5.4). */
const EVERYBODY: readonly Range[] = [
  [IPV4_START + 0x0100_0000n, IPV4_START + 0xdfff_ffffn],
  [0x2000n << 112n, (0x4000n << 112n) - 1n],
];

/** True when networks in CIDR form together hold everybody of IPv4 or of IPv6, also where none alone does. */
export function coversEverybody(networks: readonly string[]): boolean {
  const ranges = networks.map(readRange).sort(([a], [b]) => (a < b ? -1 : Number(a > b)));
  return EVERYBODY.some((all) => isCovered(all, ranges));
}

/** Whether ranges in ascending order leave no gap. */
function isCovered([first, last]: Range, ranges: readonly Range[]): boolean {
  let next = first;
  for (const [start, end] of ranges) {
    if (start <= next && end >= next) next = end + 1n;
  }
  return next > last;
}

function readRange(network: string): Range {
  const [address = '', bits = ''] = network.split('/');
  const isIpv6 = address.includes(':');
  const shift = BigInt((isIpv6 ? IPV6_BITS : IPV4_BITS) - Number(bits));
  const number = isIpv6 ? readIpv6(address) : IPV4_START + readIpv4(address);
  const first = (number >> shift) << shift;
  return [first, first + (1n << shift) - 1n];
}

function readIpv4(address: string): bigint {
  return address.split('.').reduce((number, part) => (number << 8n) + BigInt(part), 0n);
}

function readIpv6(address: string): bigint {
  const [head = '', tail] = address.replace(/%.*/, '').split('::');
  const groupsOf = (text: string) => (text === '' ? [] : text.split(':').flatMap(readGroups));
  const [before, after] = [groupsOf(head), groupsOf(tail ?? '')];
  const zeros = Array<bigint>(Math.max(0, 8 - before.length - after.length)).fill(0n);
  return [...before, ...zeros, ...after].reduce((number, group) => (number << GROUP_BITS) + group, 0n);
}

/** One group, or the two of an IPv4 address at the end (RFC 4291, section 2.2). */
function readGroups(text: string): readonly bigint[] {
  if (!text.includes('.')) return [BigInt(`0x${text}`)];
  const number = readIpv4(text);
  return [number >> GROUP_BITS, number & 0xffffn];
}
