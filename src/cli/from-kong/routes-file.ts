import { printableJson, withoutControls } from '../../lib/printable.ts';
import { CONSUMER_KEYS, type ConsumersPlan, planConsumers } from './consumers.ts';
import { OwnTemplate } from './draft.ts';
import { gatherKong, type KongFile, type KongService } from './kong-file.ts';
import { Notes } from './notes.ts';
import { keepPrecedence } from './precedence.ts';
import { KongFault, readLocated } from './read-kong.ts';
import { planRoute } from './routes.ts';
import type { Row } from './row.ts';
import { planService, type ServicePlan } from './services.ts';

/** A routes.json made from one of Kong's declarative files. */
export interface KongRoutes {
  readonly text: string;
  readonly routes: number;
  readonly notes: readonly string[];
  readonly lostCount: number;
  /** Variables that the text names, for `.env`. */
  readonly secrets: ReadonlyMap<string, string>;
}

/** What Kong does where nothing is written. */
const DEFAULTS = {
  cors: false,
  timeouts: { connect: '60s', headers: '60s', try: '60s', idle: '60s' },
};

/** Makes routes of a text. Throws a `KongFault` for what is no such file. */
export async function makeFromKong(
  text: string,
  { schema, document, nowMs }: { readonly schema: string; readonly document: string; readonly nowMs: number },
): Promise<KongRoutes> {
  const notes = new Notes();
  const file = gatherKong(readLocated(text), notes);
  const consumers = await planConsumers(file, notes, nowMs);
  const services = planServices(file, notes);
  const nameFor = createNames();
  const rows = file.routes.flatMap((route, at) =>
    planRoute(route, at, {
      file,
      notes,
      nameFor,
      callers: {
        closedAnonymous: consumers.closedAnonymous,
        issuersIn: (groups) => groups.flatMap((group) => consumers.issuersByGroup.get(group) ?? []),
      },
      serviceOf: (route) => route.service && services.get(route.service),
    }),
  );
  const ordered = distinct(keepPrecedence(rows, notes), notes);
  tellWhole(file, notes);
  const lines = notes.lines();
  return {
    text: renderFile(ordered, services, consumers, lines, { schema, document }),
    routes: ordered.length,
    notes: lines,
    lostCount: notes.lostCount,
    secrets: consumers.secrets,
  };
}

function planServices(file: KongFile, notes: Notes): Map<KongService, ServicePlan> {
  const nameFor = createNames();
  const plans = new Map<KongService, ServicePlan>();
  for (const service of file.services) {
    const name = service.name.replace(/[^A-Za-z0-9_.-]+/g, '-').replace(/^[^A-Za-z0-9]+/, '');
    const plan = planService(service, file, notes, nameFor(name || 'service'));
    if (plan !== undefined) plans.set(service, plan);
    service.entity.ignore('name', 'routes', 'plugins');
    const unread = plan === undefined ? [] : service.entity.unread();
    if (unread.length > 0)
      notes.lost(service.entity.line, `service ${service.name}: ${unread.map((key) => `"${key}"`).join(', ')}`);
  }
  return plans;
}

const MAX_NAME_CHARS = 56;

/** Names that are used once: the second `orders` is `orders-2`. */
function createNames(): (wanted: string) => string {
  const used = new Set<string>();
  return (wanted) => {
    const base = wanted.slice(0, MAX_NAME_CHARS);
    let name = base;
    for (let at = 2; used.has(name); at++) name = `${base}-${at}`;
    used.add(name);
    return name;
  };
}

/** Of two rows with the very same conditions Kong asks the first; the file would be refused with both. */
function distinct(rows: readonly Row[], notes: Notes): Row[] {
  const owners = new Map<string, Row>();
  return rows.flatMap((row) => {
    const conditions = [
      row.hosts?.toSorted(),
      row.methods?.toSorted(),
      Object.entries(row.headers ?? {}).sort(),
      row.pattern,
    ];
    const prefixes = row.prefixes.filter((prefix) => {
      const key = JSON.stringify([prefix, ...conditions]);
      const owner = owners.get(key);
      if (owner === undefined) owners.set(key, row);
      else if (owner.source !== row.source && !row.isCopy && row.given.includes(prefix))
        notes.lost(
          row.line,
          `route ${row.name} at ${prefix}: ${owner.name} (line ${owner.line}) has the same conditions and is asked first`,
        );
      return owner === undefined;
    });
    return prefixes.length === 0 ? [] : [{ ...row, prefixes }];
  });
}

function tellWhole({ root }: KongFile, notes: Notes): void {
  root.ignore('services', 'routes', 'consumers', 'plugins', 'upstreams', 'targets', ...CONSUMER_KEYS);
  for (const key of root.unread()) {
    const hint = ['certificates', 'snis', 'ca_certificates'].includes(key) ? ': TLS ends before the gateway' : '';
    notes.lost(root.lineOf(key), `"${key}"${hint}`);
  }
  notes.changed(0, 'a method that a route does not name is 405, where Kong finds no route (404)');
  notes.changed(0, 'bodies of requests have 1 MiB at most ("bodyLimit"), where Kong has no limit of its own');
  notes.changed(0, 'a WebSocket needs "websocket": true on its route, and an origin that may open it');
  notes.changed(0, 'answers get the security headers of helmet ("securityHeaders": false leaves them away)');
  notes.changed(0, 'errors are problem+json (RFC 9457), where Kong answers { "message": … }');
}

function renderFile(
  rows: readonly Row[],
  services: ReadonlyMap<KongService, ServicePlan>,
  { consumers, issuers, plans }: ConsumersPlan,
  notes: readonly string[],
  { schema, document }: { readonly schema: string; readonly document: string },
): string {
  const comments = [`Made from ${withoutControls(document)} by turnpike init --from.`, ...notes];
  const parts = [
    `"defaults": ${inline(DEFAULTS)}`,
    ...(Object.keys(plans).length === 0 ? [] : [`"plans": ${renderMembers(Object.entries(plans))}`]),
    ...(issuers.length === 0 ? [] : [`"issuers": ${renderList(issuers)}`]),
    ...(consumers.length === 0 ? [] : [`"consumers": ${renderList(consumers)}`]),
    `"services": ${renderMembers([...services.values()].map(({ name, keys }) => [name, keys]))}`,
    `"routes": ${renderList(rows.map(rowObject))}`,
  ];
  return `{
  "$schema": ${JSON.stringify(schema)},

${comments.map((comment) => `  // ${comment}\n`).join('')}
${parts.map((part) => `  ${part}`).join(',\n\n')}
}
`;
}

function rowObject({ name, prefixes, pattern, hosts, methods, headers, keys }: Row): object {
  const fields = Object.entries(headers ?? {}).filter(([, value]) => value !== undefined);
  return {
    name,
    prefix: prefixes.length === 1 ? prefixes[0] : prefixes,
    ...(pattern !== undefined && { pathRegex: pattern }),
    ...(hosts !== undefined && { hosts }),
    ...(methods !== undefined && { methods }),
    ...(fields.length > 0 && { headers: Object.fromEntries(fields) }),
    ...keys,
  };
}

function renderList(items: readonly object[]): string {
  return items.length === 0 ? '[]' : `[\n${items.map((item) => `    ${inline(item)}`).join(',\n')}\n  ]`;
}

function renderMembers(members: readonly (readonly [string, unknown])[]): string {
  if (members.length === 0) return '{}';
  return `{\n${members.map(([name, value]) => `    ${JSON.stringify(name)}: ${inline(value)}`).join(',\n')}\n  }`;
}

/** JSON on one line. A text of Kong's that would be read as a placeholder is refused: it may have us send a secret. */
function inline(value: unknown): string {
  if (value instanceof OwnTemplate) return printableJson(value.text);
  if (Array.isArray(value)) return `[${value.map(inline).join(', ')}]`;
  if (typeof value === 'string' && value.includes('${'))
    throw new KongFault(0, 'a text with "${" in it (an address, a name, a condition) would be read as a placeholder');
  if (typeof value !== 'object' || value === null) return printableJson(value);
  const members = Object.entries(value).filter(([, each]) => each !== undefined);
  return `{ ${members.map(([key, each]) => `${JSON.stringify(key)}: ${inline(each)}`).join(', ')} }`;
}
