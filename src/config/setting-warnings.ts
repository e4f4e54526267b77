import { tokenPlacesOf } from '../auth/auth-option.ts';
import { isLoopback } from '../lib/loopback.ts';
import { isWithin } from '../lib/network-test.ts';
import type { Settings } from '../settings.ts';
import { nameOfRoute } from './route-name.ts';
import type { FileConfig, RouteConfig } from './routes.ts';

type Config = Pick<FileConfig, 'routes' | 'plans' | 'services'>;

const SHOWN_NAMES = 5;

/** Addresses that no client on the internet has: RFC 1918, 4193, 6598, loopback and link-local. */
const PRIVATE = [
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '::1',
  'fc00::/7',
  'fe80::/10',
];

/** What a person should know of a file that is right as it stands, but wants a setting or another key beside it. */
export function warnOfSettings(
  { routes, services, plans = {} }: Config,
  settings: Pick<Settings, 'trustProxy' | 'redisUrl' | 'port' | 'host' | 'adminPort' | 'adminHost'>,
): readonly string[] {
  const { trustProxy, redisUrl } = settings;
  const inside = trustProxy.kind === 'none' ? routes.filter(isForTheInside) : [];
  const halfOpen = routes.filter(opensSocketsWithoutCookie);
  const quotas = redisUrl === undefined ? Object.keys(plans).filter((name) => plans[name]?.quota !== undefined) : [];
  const ownPorts = portsHere(settings);
  const isItself = (url: string): boolean => isHere(url, ownPorts);
  const circles = routes.filter((route) => addressesOf(route).some(isItself));
  const ownServices = Object.keys(services).filter((name) => addressesOf(services[name] ?? {}).some(isItself));
  const circle = 'is the gateway itself: it would call itself until all places are taken. Give the port of the service';
  return [
    ...warn('route', circles.map(nameOfRoute), (which) => `the target of ${which} ${circle}`),
    ...warn('service', ownServices, (which) => `a target of ${which} ${circle}`),
    ...warn('route', inside.map(nameOfRoute), (which) => {
      return `"ipAllow" of ${which} names private networks alone, and TRUST_PROXY is not set: behind a load balancer everybody comes from its address, and so from the inside. Set TRUST_PROXY, or TRUST_PROXY=0 where nothing stands in front`;
    }),
    ...warn('route', halfOpen.map(nameOfRoute), (which) => {
      return `"websocket.origins" of ${which} names pages, but the token comes in a cookie, and there is no "cors" with "credentials": that cookie is refused from pages of other origins, and they can't fetch with it either. Name them in "cors.origins", with "credentials": true`;
    }),
    ...warn('plan', quotas, (which) => {
      return `the quota of ${which} is counted in this process alone, since REDIS_URL is not set: a restart forgets the count, and several gateways count each for itself`;
    }),
  ];
}

/** One warning for all of them, so that a thousand routes with the same `defaults` are no thousand lines. */
function warn(noun: string, names: readonly string[], say: (which: string) => string): readonly string[] {
  if (names.length === 0) return [];
  const shown = names.slice(0, SHOWN_NAMES).map((name) => `"${name}"`);
  if (names.length > SHOWN_NAMES) shown.push(`and ${names.length - SHOWN_NAMES} more`);
  return [say(`${noun}${names.length === 1 ? '' : 's'} ${shown.join(', ')}`)];
}

interface Addressed {
  readonly target?: string | undefined;
  readonly targets?: readonly { readonly url: string }[] | undefined;
}

function addressesOf({ target, targets = [] }: Addressed): readonly string[] {
  return [...targets.map(({ url }) => url), ...(target === undefined ? [] : [target])];
}

/** The ports that this process has on the loopback addresses. */
function portsHere({ port, host, adminPort, adminHost }: Pick<Settings, 'port' | 'host' | 'adminPort' | 'adminHost'>) {
  const places = [
    { port, host },
    { port: adminPort, host: adminHost },
  ];
  return places.filter((each) => isLoopback(each.host) || ANY_ADDRESS.includes(each.host)).map((each) => each.port);
}

const ANY_ADDRESS = ['0.0.0.0', '::'];

function isHere(url: string, ports: readonly number[]): boolean {
  const { hostname, port, protocol } = new URL(url);
  if (!isLoopback(hostname) && hostname !== '0.0.0.0') return false;
  return ports.includes(Number(port || (protocol === 'https:' ? 443 : 80)));
}

function isForTheInside({ ipAllow = [] }: RouteConfig): boolean {
  return ipAllow.length > 0 && ipAllow.every((network) => PRIVATE.some((each) => isWithin(network, each)));
}

function opensSocketsWithoutCookie({ websocket, auth, cors }: RouteConfig): boolean {
  const namesPages = typeof websocket === 'object' && (websocket.origins?.length ?? 0) > 0;
  if (!namesPages || (typeof cors === 'object' && cors.credentials)) return false;
  return tokenPlacesOf(auth.chosen).some(({ cookie }) => cookie !== undefined);
}
