import type { IncomingMessage } from 'node:http';
import { wordsOfRoute } from '../config/route-words.ts';
import { withoutControls } from '../lib/printable.ts';
import { publicReport, reportServices } from '../server/report.ts';
import { breakerKind } from '../upstream/use-breaker.ts';
import { type AdminAnswer, type AdminSource, ok, refusal } from './answer.ts';
import { liftBan, listBans } from './bans.ts';
import { breakerState, describeBreaker, steerBreaker } from './breakers.ts';
import { createConsumerApi } from './consumer-api/api.ts';
import { describeOpenApi } from './consumer-api/openapi.ts';
import { describeError, listErrors } from './error-pages.ts';
import { explainRequest } from './explain.ts';
import { showHistory, showOverview } from './overview.ts';
import { purgeCache } from './purge-cache.ts';
import { listRecent } from './recent.ts';
import { revokeToken } from './revoke-token.ts';
import { tryFile } from './what-if.ts';

/** Makes the answer from what stands below the page's folder (percent-encoded), and from the query. */
type Answer = (rest: string, query: URLSearchParams, req: IncomingMessage) => AdminAnswer | Promise<AdminAnswer>;

interface Page {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly answer: Answer;
  /** What another method does there. */
  readonly other?: Page;
}

/** What there is on the admin port, by method and path. A path that ends in `/` stands for all below it. */
export function createAdminPages(source: AdminSource): (req: IncomingMessage) => Promise<AdminAnswer> {
  const { deps, reloader, drain } = source;

  const { registry } = deps.metrics;
  const pages: ReadonlyMap<string, Page> = new Map<string, Page>([
    ['/', get(() => ok([...pages.keys(), '/consumers', '/consumers/']))],
    ['/metrics', get(async () => ({ status: 200, body: await registry.metrics(), type: registry.contentType }))],
    ['/health', get(() => ok({ status: drain.isDraining ? 'draining' : 'alive' }))],
    ['/state', get(() => ok(describeState(source)))],
    ['/routes', get(() => ok(describeRoutes(source)))],
    ['/overview', get(() => showOverview(source))],
    ['/history', get((_rest, query) => showHistory(source, query))],
    [
      '/breakers/',
      {
        ...get((name) => describeBreaker(deps, name)),
        other: post((name, query, req) => steerBreaker(deps, name, query, req)),
      },
    ],
    ['/openapi.json', get(() => ok(describeOpenApi()))],
    ['/explain', { method: 'POST', answer: (_rest, _query, req) => explainRequest(source, req) }],
    ['/what-if', { method: 'POST', answer: (_rest, query, req) => tryFile(source, query, req) }],
    ['/recent', get((_rest, query) => listRecent(source, query))],
    ['/errors', get((_rest, _query, req) => listErrors(req))],
    ['/errors/', get((code, _query, req) => describeError(code, req))],
    ['/bans', get(() => listBans(deps))],
    ['/bans/', { method: 'DELETE', answer: (id) => liftBan(deps, id) }],
    ['/cache/purge', { method: 'POST', answer: (_rest, query) => purgeCache(source, query) }],
    ['/revoked-tokens/', { method: 'POST', answer: (jti, query) => revokeToken(source, jti, query) }],
    [
      '/reload',
      {
        method: 'POST',
        answer: async (_rest, query) => {
          const force = query.get('force') ?? 'false';
          if (force !== 'true' && force !== 'false')
            return refusal('invalid_request', {
              detail: `force is true or false, and not "${withoutControls(force)}".`,
            });
          const outcome = await reloader.reload('admin', force === 'true');
          return { status: outcome.result === 'refused' ? 422 : 200, body: outcome };
        },
      },
    ],
  ]);

  const consumers = createConsumerApi(source);

  return async function answerPage(req) {
    const [path = '/', query] = (req.url ?? '/').split('?', 2);
    if (isOfConsumers(path)) return consumers(req, path, new URLSearchParams(query));
    const folder = path.slice(0, path.indexOf('/', 1) + 1);
    const page = pages.get(path) ?? (folder === '' ? undefined : pages.get(folder));
    if (page === undefined) return NOT_FOUND;
    const chosen = chooseBy(req.method === 'HEAD' ? 'GET' : req.method, page);
    return chosen === undefined
      ? refusal('method_not_allowed', { headers: ['allow', methodsOf(page)] })
      : chosen.answer(path.slice(folder.length), new URLSearchParams(query), req);
  };
}

const isOfConsumers = (path: string): boolean => path === '/consumers' || path.startsWith('/consumers/');

const get = (answer: Answer): Page => ({ method: 'GET', answer });

function chooseBy(method: string | undefined, page: Page): Page | undefined {
  if (page.method === method) return page;
  return page.other?.method === method ? page.other : undefined;
}

function methodsOf({ method, other }: Page): string {
  return other === undefined ? method : `${method}, ${other.method}`;
}

const post = (answer: Answer): Page => ({ method: 'POST', answer });

const NOT_FOUND = refusal('not_found', { detail: 'See / for what there is.' });

/** All that is going on, for an operator's eye: this one shows addresses. */
function describeState({ deps, gateway, reloader, drain }: AdminSource) {
  const { pool, settings, redis } = deps;
  const services = reportServices(pool);
  // What log, metrics and the lists below call a service that clients know by its route.
  const names = new Map(services.map(({ name, outsideName }) => [outsideName, name]));
  const known = Object.entries(publicReport(services));
  return {
    status: drain.isDraining ? 'draining' : 'serving',
    inFlight: gateway.inFlight,
    routes: gateway.snapshot.routes.length,
    routesFile: settings.routesFile,
    redis: redis === undefined ? 'not configured' : redis.isUp ? 'up' : 'down',
    lastReload: reloader.last ?? null,
    services: Object.fromEntries(known.map(([outside, report]) => [outside, { name: names.get(outside), ...report }])),
    targets: services.flatMap(({ name, targets }) =>
      targets.map(({ latencyMs, ...target }) => ({
        service: name,
        ...target,
        latencyMs: Math.round(latencyMs * 100) / 100,
      })),
    ),
    breakers: pool.list(breakerKind).map(breakerState),
    pooled: pool.size,
    memory: process.memoryUsage(),
    uptimeSeconds: Math.round(process.uptime()),
  };
}

function describeRoutes({ gateway }: AdminSource) {
  return gateway.snapshot.routes.map(({ name, stages, isProtected, config }) => ({
    name,
    prefix: config.prefix,
    methods: config.methods ?? null,
    hosts: config.hosts ?? null,
    service: config.service ?? null,
    isProtected,
    stages,
    ...wordsOfRoute(config),
  }));
}
