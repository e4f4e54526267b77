import { nameOfRoute } from '../config/route-name.ts';
import { PRIVATE } from '../config/setting-warnings.ts';
import { isLoopback } from '../lib/loopback.ts';
import { isWithin } from '../lib/network-test.ts';
import type { Settings } from '../settings.ts';
import { Template, ValueTemplate } from '../values/template.ts';
import { isHttpToOutside } from './hosts.ts';
import type { Remark } from './remark.ts';
import { type AuditedRoute, isPublic, isWrittenHere, ownEnding, type Subject } from './subject.ts';

/** Who may reach what from where: CORS, certificates, plain http, trust, and identity. */

/** More proxies in a row than companies have: a CDN, a load balancer, an ingress and one more. */
const MOST_HOPS = 4;
/** Networks that are shorter than this hold more than anybody's proxies. */
const SHORTEST_PREFIX = { v4: 16, v6: 32 };

const nameOf = ({ route }: AuditedRoute): string => `"${nameOfRoute(route)}"`;

export function findOpenCors({ routes, settings }: Subject): readonly Remark[] {
  return routes.flatMap((row): Remark[] => {
    const { cors } = row.route;
    if (typeof cors !== 'object' || !cors.credentials) return [];
    const origins = cors.origins ?? settings?.corsOrigins ?? [];
    const at = ['routes', row.index, 'cors', 'credentials'];
    if (origins.includes('*')) {
      const message = `pages of every origin may call the route ${nameOf(row)}, whose "cors" is meant for cookies ("credentials")`;
      return [{ id: 'open-cors-credentials', at, message }];
    }
    const plain = origins.find(isHttpToOutside);
    if (plain === undefined) return [];
    const message = `${plain} may call the route ${nameOf(row)} with cookies, and comes over plain http`;
    return [{ id: 'cors-credentials-over-http', at, message }];
  });
}

export function findPlainHttp({ routes, file: { services = {} } }: Subject): readonly Remark[] {
  const ofServices = Object.entries(services).flatMap(([name, { targets = [] }]) =>
    targets.flatMap(({ url }, at) =>
      remarkOnPlain(url, `a target of service "${name}"`, ['services', name, 'targets', at]),
    ),
  );
  const ofRoutes = routes.flatMap((row) => {
    const { target, targets = [], mirror } = row.route;
    const at = ['routes', row.index];
    const copies = mirror?.target;
    return [
      ...(copies === undefined ? [] : remarkOnPlain(copies, `the mirror of route ${nameOf(row)}`, [...at, 'mirror'])),
      ...(target === undefined ? [] : remarkOnPlain(target, `the target of route ${nameOf(row)}`, [...at, 'target'])),
      ...targets.flatMap(({ url }, which) =>
        remarkOnPlain(url, `a target of route ${nameOf(row)}`, [...at, 'targets', which]),
      ),
    ];
  });
  return [...ofServices, ...ofRoutes, ...routes.flatMap(findPlainVerdict)];
}

function remarkOnPlain(url: string, what: string, at: readonly PropertyKey[]): readonly Remark[] {
  if (!isHttpToOutside(url)) return [];
  return [{ id: 'service-over-http', at, message: `${what} is called over plain http on the internet` }];
}

function findPlainVerdict(row: AuditedRoute): readonly Remark[] {
  return row.route.auth.chosen.flatMap(({ name, options }): Remark[] => {
    const { url } = options as { readonly url?: unknown };
    if (name !== 'forward-auth' || typeof url !== 'string' || !isHttpToOutside(url)) return [];
    const message = `the route ${nameOf(row)} shows credentials to ${new URL(url).host} over plain http, and believes its verdict`;
    return [{ id: 'forward-auth-over-http', at: ['routes', row.index, 'auth'], message }];
  });
}

export function findCredentialsInQuery({ routes }: Subject): readonly Remark[] {
  return routes.flatMap((row): Remark[] => {
    const chosen = row.route.auth.chosen.find(({ options }) => 'query' in options && options.query !== undefined);
    if (chosen === undefined) return [];
    const message = `the route ${nameOf(row)} takes the credential of "${chosen.name}" from the query`;
    return [{ id: 'credential-in-query', at: ['routes', row.index, 'auth'], message }];
  });
}

export function findUnverifiedTls({ routes, file: { services = {} } }: Subject): readonly Remark[] {
  const id = 'tls-unverified';
  return [
    ...Object.entries(services).flatMap(([name, { tls }]): Remark[] => {
      if (tls?.verify !== false) return [];
      return [
        {
          id,
          at: ['services', name, 'tls', 'verify'],
          message: `any certificate is taken for that of service "${name}"`,
        },
      ];
    }),
    ...routes.flatMap((row): Remark[] => {
      if (row.route.tls?.verify !== false) return [];
      const message = `any certificate is taken for that of the service of route ${nameOf(row)}`;
      return [{ id, at: ['routes', row.index, 'tls', 'verify'], message }];
    }),
  ];
}

/** Needs the whole file: a limit may stand in any part of it. */
export function findPublicWithoutLimit({ routes, file }: Subject): readonly Remark[] {
  const plan = file.plans?.[file.defaultPlan ?? ''];
  if ((file.rateLimits?.length ?? 0) > 0 || (plan?.rateLimits?.length ?? 0) > 0 || plan?.quota !== undefined) return [];
  return routes.flatMap((row): Remark[] => {
    const { ipAllow = [], maintenance, auth } = row.route;
    if (!isOpenToAll(row) || isLimited(row) || ipAllow.length > 0 || maintenance !== undefined) return [];
    const ending = ownEnding(row);
    if (ending !== undefined && ending !== 'aggregate') return [];
    const why = auth.optional ? '"auth" is optional' : '"auth": "none"';
    const message = `anybody may call the route ${nameOf(row)} (${why}) as often as they like`;
    return [{ id: 'public-without-limit', at: ['routes', row.index], message }];
  });
}

function isOpenToAll(row: AuditedRoute): boolean {
  return isPublic(row) || row.route.auth.optional;
}

/** What is only tried out limits nobody. */
function isLimited({ route: { rateLimits = [], shadow = [] } }: AuditedRoute): boolean {
  return rateLimits.length > 0 && !shadow.includes('rateLimit');
}

const PERSONAL = ['claims', 'consumer', 'user', 'roles', 'scopes'];

/** The first of the caller's facts that a value of a route reads, wherever in these options it stands. */
function personalIn(options: unknown): string | undefined {
  if (options instanceof Template || options instanceof ValueTemplate) {
    const { reads } = options;
    return PERSONAL.find((name) => reads.has(name));
  }
  if (typeof options !== 'object' || options === null) return undefined;
  for (const each of Object.values(options)) {
    const found = personalIn(each);
    if (found !== undefined) return found;
  }
  return undefined;
}

export function findIdentities({ routes }: Subject): readonly Remark[] {
  return routes.flatMap((row) => (isPublic(row) ? identityOfNobody(row) : sharedIdentity(row)));
}

function identityOfNobody(row: AuditedRoute): readonly Remark[] {
  const fact = personalIn(row.route.request);
  if (fact === undefined || !isWrittenHere(row, 'request')) return [];
  const message = `the route ${nameOf(row)} tells its service of "${fact}", and asks for no credential: it is always empty`;
  return [{ id: 'identity-of-nobody', at: ['routes', row.index, 'request'], message }];
}

function sharedIdentity(row: AuditedRoute): readonly Remark[] {
  const { request, cache, forwardCredentials } = row.route;
  if (typeof cache !== 'object' || !cache.shared || personalIn(cache.key.values) !== undefined) return [];
  const fact = personalIn(request);
  if (fact === undefined && !forwardCredentials) return [];
  const told = fact === undefined ? 'shows its service the credential' : `tells its service of "${fact}"`;
  const message = `the route ${nameOf(row)} ${told}, and gives the answer to all callers`;
  return [{ id: 'shared-cache-personal', at: ['routes', row.index, 'cache', 'shared'], message }];
}

export function findExposedSettings({ settings }: Subject): readonly Remark[] {
  return settings === undefined ? [] : [...findExposedAdmin(settings), ...findTrust(settings)];
}

function findExposedAdmin({ adminHost }: Settings): readonly Remark[] {
  if (isLoopback(adminHost)) return [];
  const message = `the admin port listens on ${adminHost}, and its token travels over plain http`;
  return [{ id: 'admin-exposed', at: [], setting: 'ADMIN_HOST', message }];
}

function findTrust({ trustProxy }: Settings): readonly Remark[] {
  const place = { at: [], setting: 'TRUST_PROXY' };
  if (trustProxy.kind === 'hops' && trustProxy.hops > MOST_HOPS) {
    const message = `${trustProxy.hops} proxies are trusted: where fewer stand in front, clients write their address themselves`;
    return [{ id: 'trust-many-hops', ...place, message }];
  }
  if (trustProxy.kind !== 'networks') return [];
  return trustProxy.networks.flatMap((network): Remark[] => {
    const shortest = network.includes(':') ? SHORTEST_PREFIX.v6 : SHORTEST_PREFIX.v4;
    const isWide = Number(network.split('/')[1]) < shortest && !PRIVATE.some((each) => isWithin(network, each));
    const message = `everybody in ${network} may say where requests come from`;
    return isWide ? [{ id: 'trust-wide-network', ...place, message }] : [];
  });
}
