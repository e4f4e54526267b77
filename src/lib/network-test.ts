import { BlockList, isIP } from 'node:net';

/** Whether an address is in one of some networks; an IPv4 address written in IPv6 (`::ffff:…`) is the IPv4 one. */
export type NetworkTest = (address: string) => boolean;

/** True for one address or a network in CIDR notation, IPv4 or IPv6. */
export function isNetwork(text: string): boolean {
  const { address, most, bits, rest } = readNetwork(text);
  return isIP(address) !== 0 && rest === 0 && Number.isInteger(bits) && bits >= 0 && bits <= most;
}

/** Whether all addresses of one network are in another. */
export function isWithin(inner: string, outer: string): boolean {
  const { address, bits } = readNetwork(inner);
  return bits >= readNetwork(outer).bits && createNetworkTest([outer])(address);
}

/** Whether some address is in both. */
export function overlaps(one: string, other: string): boolean {
  return isWithin(one, other) || isWithin(other, one);
}

/** True for a network of one address. */
export function isOneAddress(network: string): boolean {
  const { bits, most } = readNetwork(network);
  return bits === most;
}

/** Compiles networks into one test. What is no address at all is in none. */
export function createNetworkTest(networks: readonly string[]): NetworkTest {
  const list = new BlockList();
  for (const text of networks) {
    const { address, family, bits } = readNetwork(text);
    list.addSubnet(address, bits, family);
  }
  return (address) => {
    const version = isIP(address);
    return version !== 0 && list.check(address, version === 6 ? 'ipv6' : 'ipv4');
  };
}

function readNetwork(text: string) {
  const [address = '', prefix, ...rest] = text.split('/');
  const family: 'ipv4' | 'ipv6' = isIP(address) === 6 ? 'ipv6' : 'ipv4';
  const most = family === 'ipv6' ? 128 : 32;
  const bits = prefix === undefined ? most : /^\d{1,3}$/.test(prefix) ? Number(prefix) : Number.NaN;
  return { address, family, most, bits, rest: rest.length };
}
