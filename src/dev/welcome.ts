import type { FileConfig } from '../config/routes.ts';
import type { Deps } from '../deps.ts';
import { explain } from '../explain/explain.ts';
import { questionSchema } from '../explain/question.ts';
import type { Gateway } from '../gateway.ts';
import { withoutControls } from '../lib/printable.ts';
import { COLUMNS, cut } from './lines.ts';

type Route = FileConfig['routes'][number];

/** Rows of the table; who has more finds all of them at the admin port. */
const MAX_ROWS = 40;
/** Routes that are tried for a line that works. */
const MAX_TRIED = 40;
const AUTH_COLUMNS = 22;
const SIDE_COLUMNS = 24;

export interface WelcomeTerms {
  /** `http://127.0.0.1:3000`. */
  readonly url: string;
  readonly config: FileConfig;
  readonly gateway: Pick<Gateway, 'inProcess' | 'snapshot'>;
  readonly deps: Pick<Deps, 'settings' | 'hidden' | 'clock'>;
  readonly key: string | undefined;
  readonly token: string;
  /** Where a route leads, in words. */
  readonly sideOf: (route: Route) => string;
}

/** The routes, what each asks of its callers, and where it leads. */
export function renderRoutes({ config, sideOf }: Pick<WelcomeTerms, 'config' | 'sideOf'>): string {
  const rows = config.routes.slice(0, MAX_ROWS).map((route) => renderRow(route, sideOf(route)));
  const more = config.routes.length - rows.length;
  return [...rows, ...(more > 0 ? [`  and ${more} more: /routes of the admin port has all`] : [])]
    .map((row) => `${row.trimEnd()}\n`)
    .join('');
}

function renderRow(route: Route, side: string): string {
  const methods = route.methods === undefined ? '' : `${route.methods.join(',')} `;
  const hosts = route.hosts === undefined ? '' : (route.hosts[0] ?? '');
  const what = withoutControls(`${methods}${hosts}${route.prefix[0] ?? ''}${route.exact ? ' (exact)' : ''}`);
  const whatRoom = COLUMNS - AUTH_COLUMNS - SIDE_COLUMNS - 4;
  const columns = [cut(what, whatRoom).padEnd(whatRoom), cut(describeAuth(route), AUTH_COLUMNS).padEnd(AUTH_COLUMNS)];
  return `  ${columns.join(' ')} ${cut(withoutControls(side), SIDE_COLUMNS)}`;
}

function describeAuth({ auth, authorize }: Route): string {
  if (auth.mode === 'none') return 'public';
  const schemes = auth.schemes.join(auth.mode === 'all' ? ' and ' : ' or ') + (auth.optional ? ', or nobody' : '');
  const roles = [...(authorize?.roles?.any ?? []), ...(authorize?.roles?.all ?? [])];
  return roles.length === 0 ? schemes : `${schemes}; ${roles.join(', ')}`;
}

interface Credential {
  readonly header: string | undefined;
  readonly fits: (route: Route) => boolean;
}

/** Lines of curl of which the gateway itself says that they pass: without a credential, with the key, with the token. */
export async function findCurlLines(terms: WelcomeTerms): Promise<readonly string[]> {
  const { key, token } = terms;
  const credentials: readonly Credential[] = [
    { header: undefined, fits: ({ auth }) => auth.mode === 'none' },
    ...(key === undefined
      ? []
      : [{ header: `X-API-Key: ${key}`, fits: ({ auth }: Route) => auth.schemes.includes('api-key') }]),
    { header: `Authorization: Bearer ${token}`, fits: ({ auth }) => auth.schemes.includes('jwt') },
  ];
  const lines: string[] = [];
  for (const { header, fits } of credentials) {
    for (const route of terms.config.routes.filter(fits).slice(0, MAX_TRIED)) {
      const line = await tryRoute(route, header, terms);
      if (line === undefined) continue;
      lines.push(line);
      break;
    }
  }
  return lines;
}

async function tryRoute(
  route: Route,
  credential: string | undefined,
  { url, gateway, deps }: WelcomeTerms,
): Promise<string | undefined> {
  const [prefix] = route.prefix;
  if (prefix === undefined || route.pathRegex !== undefined) return undefined;
  const path = prefix.replace(/:[A-Za-z_]\w*/g, '1');
  const method = route.methods === undefined || route.methods.includes('GET') ? 'GET' : (route.methods[0] ?? 'GET');
  const host = route.hosts?.[0]?.replace(/^\*\./, 'www.');
  const fields = [
    ...(credential === undefined ? [] : [credential]),
    ...(host === undefined ? [] : [`Host: ${host}`]),
    ...Object.entries(route.headers ?? {}).map(([name, value]) => `${name}: ${value === true ? '1' : value}`),
  ];
  const asked = questionSchema.safeParse({
    method,
    url: url + path,
    headers: Object.fromEntries(fields.map(splitField)),
  });
  if (!asked.success) return undefined;
  const { outcome } = await explain(gateway, deps, asked.data);
  if (outcome !== 'passes') return undefined;
  const options = [...(method === 'GET' ? [] : [`-X ${method}`]), ...fields.map((field) => `-H ${quoted(field)}`)];
  return ['curl', ...options, quoted(url + path)].join(' ');
}

function splitField(field: string): readonly [string, string] {
  const colon = field.indexOf(': ');
  return [field.slice(0, colon), field.slice(colon + 2)];
}

/** As one word of a shell. */
function quoted(text: string): string {
  return /^[\w:/.-]+$/.test(text) ? text : `'${text.replace(/'/g, String.raw`'\''`)}'`;
}
