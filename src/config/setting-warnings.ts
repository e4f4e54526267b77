import { tokenPlacesOf } from '../auth/auth-option.ts';
import { isWithin } from '../lib/network-test.ts';
import type { Settings } from '../settings.ts';
import { nameOfRoute } from './route-name.ts';
import type { FileConfig, RouteConfig } from './routes.ts';

type Config = Pick<FileConfig, 'routes' | 'plans'>;

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
  { routes, plans = {} }: Config,
  { trustProxy, redisUrl }: Pick<Settings, 'trustProxy' | 'redisUrl'>,
): readonly string[] {
  const inside = trustProxy.kind === 'none' ? routes.filter(isForTheInside) : [];
  const halfOpen = routes.filter(opensSocketsWithoutCookie);
  const quotas = redisUrl === undefined ? Object.keys(plans).filter((name) => plans[name]?.quota !== undefined) : [];
  return [
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

function isForTheInside({ ipAllow = [] }: RouteConfig): boolean {
  return ipAllow.length > 0 && ipAllow.every((network) => PRIVATE.some((each) => isWithin(network, each)));
}

function opensSocketsWithoutCookie({ websocket, auth, cors }: RouteConfig): boolean {
  const namesPages = typeof websocket === 'object' && (websocket.origins?.length ?? 0) > 0;
  if (!namesPages || (typeof cors === 'object' && cors.credentials)) return false;
  return tokenPlacesOf(auth.chosen).some(({ cookie }) => cookie !== undefined);
}
