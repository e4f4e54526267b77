import { type Remark, remarkOn, renderWarnings } from '../audit/remark.ts';
import { tokenPlacesOf } from '../auth/auth-option.ts';
import { isLoopback } from '../lib/loopback.ts';
import { isOneAddress, isWithin, overlaps } from '../lib/network-test.ts';
import type { Settings } from '../settings.ts';
import { nameOfRoute } from './route-name.ts';
import type { FileConfig, RouteConfig } from './routes.ts';

type Config = Pick<FileConfig, 'routes' | 'plans' | 'services'>;

/** Addresses that no client on the internet has: RFC 1918, 4193, 6598, loopback and link-local. */
export const PRIVATE = [
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

type UsedSettings = Pick<Settings, 'trustProxy' | 'redisUrl' | 'port' | 'host' | 'adminPort' | 'adminHost'>;

/** What a person should know of a file that is right as it stands, but wants a setting or another key beside it. */
export function warnOfSettings(config: Config, settings: UsedSettings): readonly string[] {
  return renderWarnings(remarkOnSettings(config, settings));
}

/** The same, each with its id and path. */
export function remarkOnSettings(config: Config, settings: UsedSettings): readonly Remark[] {
  return [...findCircles(config, settings), ...findForged(config, settings), ...findHalfOpen(config, settings)];
}

const CIRCLE = 'is the gateway itself: it would call itself until all places are taken';
const CIRCLE_FIX = 'Give the port of the service';

function findCircles({ routes, services }: Config, settings: UsedSettings): readonly Remark[] {
  const ownPorts = portsHere(settings);
  const isCircle = (place: Addressed): boolean => addressesOf(place).some((url) => isHere(url, ownPorts));
  const id = 'target-is-gateway';
  return [
    ...remarkOnEach(routes, isCircle, (name, at) =>
      remarkOn(
        { noun: 'route', name, say: (which) => `the target of ${which} ${CIRCLE}` },
        { id, at, fix: CIRCLE_FIX },
      ),
    ),
    ...Object.keys(services).flatMap((name) => {
      if (!isCircle(services[name] ?? {})) return [];
      const say = (which: string) => `a target of ${which} ${CIRCLE}`;
      return [remarkOn({ noun: 'service', name, say }, { id, at: ['services', name], fix: CIRCLE_FIX })];
    }),
  ];
}

/** `ipAllow` that lets more in than it seems to. */
function findForged({ routes }: Config, { trustProxy }: UsedSettings): readonly Remark[] {
  const crowds = trustProxy.kind === 'networks' ? trustProxy.networks.filter((each) => !isOneAddress(each)) : [];
  return [
    ...remarkOnEach(trustProxy.kind === 'none' ? routes : [], isForTheInside, (name, at) => {
      const say = (which: string) =>
        `"ipAllow" of ${which} names private networks alone, and TRUST_PROXY is not set: behind a load balancer everybody comes from its address, and so from the inside`;
      const fix = 'Set TRUST_PROXY, or TRUST_PROXY=0 where nothing stands in front';
      return remarkOn({ noun: 'route', name, say }, { id: 'ip-allow-behind-proxy', at: [...at, 'ipAllow'], fix });
    }),
    ...remarkOnEach(
      crowds.length === 0 ? [] : routes,
      (route) => letsInOneOf(crowds, route),
      (name, at) => {
        const say = (which: string) =>
          `"ipAllow" of ${which} lets addresses in that TRUST_PROXY takes for proxies: a client there is believed when it writes another address into X-Forwarded-For`;
        const fix = 'Give TRUST_PROXY the number of proxies in front, or their addresses alone';
        return remarkOn({ noun: 'route', name, say }, { id: 'ip-allow-of-proxies', at: [...at, 'ipAllow'], fix });
      },
    ),
  ];
}

function findHalfOpen({ routes, plans = {} }: Config, { redisUrl }: UsedSettings): readonly Remark[] {
  const quotas = redisUrl === undefined ? Object.keys(plans).filter((name) => plans[name]?.quota !== undefined) : [];
  return [
    ...remarkOnEach(routes, opensSocketsWithoutCookie, (name, at) => {
      const say = (which: string) =>
        `"websocket.origins" of ${which} names pages, but the token comes in a cookie, and there is no "cors" with "credentials": that cookie is refused from pages of other origins, and they can't fetch with it either`;
      const fix = 'Name them in "cors.origins", with "credentials": true';
      return remarkOn({ noun: 'route', name, say }, { id: 'websocket-cookie-refused', at: [...at, 'websocket'], fix });
    }),
    ...quotas.map((name) => {
      const say = (which: string) =>
        `the quota of ${which} is counted in this process alone, since REDIS_URL is not set: a restart forgets the count, and several gateways count each for itself`;
      return remarkOn({ noun: 'plan', name, say }, { id: 'quota-forgotten', at: ['plans', name, 'quota'] });
    }),
  ];
}

function remarkOnEach(
  routes: readonly RouteConfig[],
  isMeant: (route: RouteConfig) => boolean,
  make: (name: string, at: readonly PropertyKey[]) => Remark,
): readonly Remark[] {
  return routes.flatMap((route, index) => (isMeant(route) ? [make(nameOfRoute(route), ['routes', index])] : []));
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

/** Whether clients of the route stand where proxies do. */
function letsInOneOf(proxies: readonly string[], { ipAllow = [] }: RouteConfig): boolean {
  return ipAllow.some((network) => proxies.some((each) => overlaps(network, each)));
}

function opensSocketsWithoutCookie({ websocket, auth, cors }: RouteConfig): boolean {
  const namesPages = typeof websocket === 'object' && (websocket.origins?.length ?? 0) > 0;
  if (!namesPages || (typeof cors === 'object' && cors.credentials)) return false;
  return tokenPlacesOf(auth.chosen).some(({ cookie }) => cookie !== undefined);
}
