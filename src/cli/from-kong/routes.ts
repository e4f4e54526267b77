import { type Callers, finishAuth } from './auth.ts';
import { Draft, OwnTemplate } from './draft.ts';
import type { KongFile, KongRoute, PluginUse } from './kong-file.ts';
import { type MatchPlan, planMatch } from './matches.ts';
import type { Notes } from './notes.ts';
import { type PathPlan, planPath } from './paths.ts';
import type { Row } from './row.ts';
import type { ServicePlan } from './services.ts';
import { takeOver } from './take-over.ts';

/** What all routes of a file are made with. */
export interface RouteTerms {
  readonly file: KongFile;
  readonly callers: Callers;
  readonly notes: Notes;
  /** A name that no other route has. */
  readonly nameFor: (wanted: string) => string;
  /** Undefined for a service that was left out. */
  readonly serviceOf: (route: KongRoute) => ServicePlan | undefined;
}

/** The rows of one of Kong's routes: one for its plain paths, one for each expression, and for each header value. */
export function planRoute(route: KongRoute, at: number, terms: RouteTerms): Row[] {
  const { notes, file } = terms;
  const { entity } = route;
  const label = `route "${route.name ?? entity.text('id') ?? `${route.service?.name ?? 'route'}-${at + 1}`}"`;
  if (route.service !== undefined && terms.serviceOf(route) === undefined) return [];
  const match = planMatch(route, label, notes);
  if (match === undefined) return [];
  const paths = (entity.texts('paths') ?? ['/']).map((path) => planPath(path, file.version));
  tellPaths(paths, entity.lineOf('paths'), label, notes);
  const keys = keysOf(route, match, label, terms);
  entity.ignore('request_buffering', 'response_buffering', 'service');
  if (entity.text('path_handling') === 'v1')
    notes.changed(entity.lineOf('path_handling'), `${label}: paths are joined with one slash, as in "v0"`);
  const rows = rowsOf(route, paths, match, keys, label, terms);
  tellUnread(route, label, notes);
  return rows;
}

function rowsOf(
  route: KongRoute,
  paths: readonly PathPlan[],
  match: MatchPlan,
  keys: Readonly<Record<string, unknown>>,
  label: string,
  { nameFor, notes }: RouteTerms,
): Row[] {
  const { entity, name, service } = route;
  const strips = entity.flag('strip_path') ?? true;
  const regexPriority = entity.number('regex_priority') ?? 0;
  const wanted = (name ?? service?.name ?? 'route').replace(/[^A-Za-z0-9_.:-]+/g, '-').replace(/^[^A-Za-z0-9]+/, '');
  if (
    match.closed !== undefined &&
    match.headers.every((each) => each === undefined || Object.keys(each).length === 0)
  ) {
    notes.lost(entity.line, `${label} left out: ${match.closed}`);
    return [];
  }
  const plain = paths.filter((path) => path.kind === 'plain').map(({ prefix }) => prefix);
  const groups = [
    ...(plain.length > 0 ? [{ prefixes: [...new Set(plain)], pattern: undefined, isClosed: false }] : []),
    ...paths.flatMap((path) =>
      path.kind === 'plain'
        ? []
        : [
            {
              prefixes: [path.prefix],
              pattern: path.kind === 'regex' ? path.pattern : undefined,
              isClosed: path.kind === 'impossible',
            },
          ],
    ),
  ];
  const count = groups.length * match.headers.length;
  if (count > 1 && keys['rateLimits'] !== undefined)
    notes.changed(entity.line, `${label} is ${count} routes here; limits count for each apart`);
  return groups.flatMap(({ prefixes, pattern, isClosed }) =>
    match.headers.map((headers) => ({
      name: nameFor(wanted || 'route'),
      line: entity.line,
      source: route,
      prefixes,
      given: prefixes,
      pattern,
      hosts: match.hosts,
      methods: match.methods,
      headers,
      strips,
      weight: match.weight,
      headerCount: match.headerCount,
      hasPlainHosts: match.hosts?.every((host) => !host.startsWith('*')) === true,
      pathLength: Math.max(...paths.map(({ written }) => written.length)),
      regexPriority: pattern === undefined ? undefined : regexPriority,
      keys: {
        ...keys,
        ...pathKeys(pattern, strips, keys),
        ...((isClosed || match.closed !== undefined) && { maintenance: true }),
      },
    })),
  );
}

type Rules = readonly { readonly match: string; readonly replace: string }[];

/** What the service sees of the path: of an expression all that it covers is stripped. */
function pathKeys(pattern: string | undefined, strips: boolean, keys: Readonly<Record<string, unknown>>) {
  const rules = (keys['pathRewrite'] ?? []) as Rules;
  if (!strips) return { stripPrefix: false };
  if (pattern === undefined) return {};
  return { stripPrefix: false, pathRewrite: [{ match: pattern, replace: '' }, ...rules] };
}

function tellPaths(paths: readonly PathPlan[], line: number, label: string, notes: Notes): void {
  for (const path of paths) {
    if (path.kind === 'impossible')
      notes.lost(
        line,
        `${label}: the path ${path.written}: ${path.why}; all below ${path.prefix} that no other route takes is closed ("maintenance")`,
      );
    else if (path.kind === 'plain' && /.\/$/.test(path.written))
      notes.changed(line, `${label}: ${path.written} takes ${path.prefix} as well`);
  }
  if (paths.some(({ kind, prefix }) => kind === 'plain' && prefix !== '/'))
    notes.changed(0, 'a prefix takes whole segments: /api takes /api and /api/x, and not /apix as in Kong');
}

/** Everything but where it is matched. */
function keysOf(route: KongRoute, match: MatchPlan, label: string, terms: RouteTerms): Record<string, unknown> {
  const { notes, callers } = terms;
  const service = terms.serviceOf(route);
  const isShared = terms.file.routes.filter((other) => other.service === route.service).length > 1;
  const draft = new Draft(label, route.entity.line, isShared);
  if (match.httpsOnly !== undefined) draft.respond.push(refuseHttp(match.httpsOnly, label, route, notes));
  for (const use of effective(route, terms.file)) takeOver(use, draft, notes);
  const authKeys = finishAuth(draft, callers, notes);
  const answersAlways = draft.respond.some(({ when }) => when === undefined);
  const keys: Record<string, unknown> = {
    // A route that always answers by itself leads nowhere.
    ...(service !== undefined && !answersAlways && { service: service.name, ...service.ofRoutes }),
    ...(route.entity.flag('preserve_host') === true && { preserveHost: true }),
    ...(match.takesWebSockets && { websocket: true }),
    ...authKeys,
    ...draft.keys,
    ...(draft.pathRewrite.length > 0 && { pathRewrite: draft.pathRewrite }),
    ...(draft.respond.length > 0 && { respond: oneOrAll(draft.respond) }),
    ...(draft.requestEdits.length > 0 && { request: oneOrAll(draft.requestEdits) }),
    ...(draft.responseEdits.length > 0 && { response: oneOrAll(draft.responseEdits) }),
  };
  countTokens(keys, draft);
  if (service === undefined && !answersAlways) {
    notes.lost(route.entity.line, `${label} has no service: it is closed ("maintenance")`);
    return { ...keys, respond: { status: 503 }, maintenance: true };
  }
  return keys;
}

/** Kong answers what did not come over TLS by itself. */
function refuseHttp(status: number, label: string, { entity }: KongRoute, notes: Notes): Record<string, unknown> {
  notes.changed(
    entity.lineOf('protocols'),
    `${label} is for https alone: whatever ends TLS must say so (X-Forwarded-Proto, TRUST_PROXY), else all of it is answered ${status}`,
  );
  const when = 'request.scheme == "http"';
  if (status === 426) return { when, status, headers: { upgrade: 'TLS/1.2, HTTP/1.1', connection: 'Upgrade' } };
  return { when, status, headers: { location: new OwnTemplate(`https://\${request.host}\${request.path}`) } };
}

const BY_CALLER = new OwnTemplate('${consumer.name == "" ? issuer : consumer.name}');

const oneOrAll = <T>(list: readonly T[]): T | readonly T[] => (list.length === 1 ? (list[0] as T) : list);

/** Who comes with a token is counted by who signed it: the subject is whatever that one writes. */
function countTokens(keys: Record<string, unknown>, { schemes }: Draft): void {
  const limits = keys['rateLimits'] as Record<string, unknown>[] | undefined;
  if (limits === undefined || !schemes.some(({ scheme }) => scheme === 'jwt')) return;
  keys['rateLimits'] = limits.map((limit) => (limit['by'] === undefined ? { ...limit, by: BY_CALLER } : limit));
}

/** One of each name: that of the route, else of its service, else of all; and authentication before what follows. */
function effective(route: KongRoute, { globalPlugins }: KongFile): readonly PluginUse[] {
  const byName = new Map<string, PluginUse>();
  for (const use of [...globalPlugins, ...(route.service?.plugins ?? []), ...route.plugins]) byName.set(use.name, use);
  return [...byName.values()];
}

function tellUnread({ entity }: KongRoute, label: string, notes: Notes): void {
  const unread = entity.unread();
  if (unread.length > 0) notes.lost(entity.line, `${label}: ${unread.map((key) => `"${key}"`).join(', ')}`);
}
