import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { createNetworkTest } from '../../lib/network-test.ts';

/** Says why an address that discovery has named may not be a target; undefined when it may. */
export type AddressPolicy = (host: string, port: number) => string | undefined;

/** Never a service: "this host", link-local with the metadata addresses of clouds, multicast, reserved, broadcast. */
const NEVER = [
  '0.0.0.0/8',
  '169.254.0.0/16',
  '100.100.100.200',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '::',
  'fe80::/10',
  'fd00:ec2::254',
  'ff00::/8',
];
const LOOPBACK = ['127.0.0.0/8', '::1'];

/**
 * Guards against an answer of discovery that points at a metadata service or at the gateway itself: whoever may
 * register a service there would otherwise read credentials through the gateway (server-side request forgery).
 *
 * @param allow networks; when given, only these count, and the built-in list of refused ones does not.
 * @param ownPorts ports of this gateway: refused on its own addresses, which would be a loop.
 */
export function createAddressPolicy(allow: readonly string[] | undefined, ownPorts: readonly number[]): AddressPolicy {
  const isAllowed = allow === undefined ? undefined : createNetworkTest(allow);
  const isNever = createNetworkTest(NEVER);
  const isOwn = createNetworkTest([...LOOPBACK, ...interfaceAddresses()]);
  return (host, port) => {
    if (isIP(host) === 0) return 'it is a name, not an address, so its network is not known';
    if (ownPorts.includes(port) && isOwn(host)) return 'it is the gateway itself';
    if (isAllowed !== undefined) return isAllowed(host) ? undefined : 'it is outside the networks in "allow"';
    return isNever(host) ? 'it is link-local, multicast or reserved' : undefined;
  };
}

function interfaceAddresses(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  // A zone (fe80::1%eth0) is not part of the address.
  return all.map(({ address }) => address.replace(/%.*$/, ''));
}
