/** Where a Redis is and how to speak to it, from one URL. */
export interface RedisAddress {
  readonly kind: 'single' | 'sentinel' | 'cluster' | 'unix';
  readonly tls: boolean;
  /** One for `single`; the sentinels or the known cluster nodes otherwise; none for `unix`. */
  readonly hosts: readonly { readonly host: string; readonly port: number }[];
  readonly socketPath: string | undefined;
  /** Name of the master that the sentinels know. */
  readonly master: string | undefined;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly database: number;
}

const URL_SHAPE = /^(redis|rediss)(?:\+(sentinel|cluster))?:\/\/(?:([^@]*)@)?([^/?#]+)(?:\/([^?#]*))?$/;
const UNIX_SHAPE = /^(?:unix|redis\+unix):\/\/(?:([^@/]*)@)?(\/[^?#]+)$/;
const HOST_SHAPE = /^(\[[0-9a-fA-F:.]+\]|[^:[\]]+)(?::(\d{1,5}))?$/;

/**
 * Reads `redis://[user:password@]host[:port][/database]`, the same with `rediss` for TLS, `unix:///path`,
 * `redis+sentinel://host:port,host:port/master[/database]` and `redis+cluster://host:port,host:port`.
 *
 * Throws for anything else; the message never holds the URL, which may hold a password.
 */
export function parseRedisUrl(url: string): RedisAddress {
  const unix = UNIX_SHAPE.exec(url);
  if (unix !== null) {
    const [, login, socketPath] = unix;
    return { kind: 'unix', tls: false, hosts: [], socketPath, master: undefined, ...parseLogin(login), database: 0 };
  }
  const [, scheme, kind = 'single', login, hostList, path = ''] = URL_SHAPE.exec(url) ?? [];
  if (hostList === undefined) throw new Error(SHAPE_HELP);
  const hosts = hostList.split(',').map((text) => parseHost(text, kind === 'sentinel' ? 26379 : 6379));
  if (kind === 'single' && hosts.length > 1)
    throw new Error('several hosts need redis+sentinel:// or redis+cluster://');
  const parts = path === '' ? [] : path.split('/');
  const master = kind === 'sentinel' ? parts.shift() : undefined;
  if (kind === 'sentinel' && !master)
    throw new Error('redis+sentinel:// needs the name of the master: redis+sentinel://host:port/mymaster');
  return {
    kind: kind as RedisAddress['kind'],
    tls: scheme === 'rediss',
    hosts,
    socketPath: undefined,
    master: master === undefined ? undefined : decodeURIComponent(master),
    ...parseLogin(login),
    database: parseDatabase(parts),
  };
}

const SHAPE_HELP =
  'write redis://host:port, rediss://host:port, unix:///path, redis+sentinel://host:port,host:port/master or redis+cluster://host:port,host:port';

function parseLogin(login: string | undefined) {
  if (login === undefined || login === '') return { username: undefined, password: undefined };
  const colon = login.indexOf(':');
  const username = colon < 0 ? login : login.slice(0, colon);
  const password = colon < 0 ? undefined : decodeURIComponent(login.slice(colon + 1));
  return { username: username === '' ? undefined : decodeURIComponent(username), password };
}

function parseHost(text: string, defaultPort: number) {
  const [, host, port] = HOST_SHAPE.exec(text) ?? [];
  if (host === undefined || Number(port) > 65_535) throw new Error(SHAPE_HELP);
  return { host: host.replace(/^\[|\]$/g, ''), port: port === undefined ? defaultPort : Number(port) };
}

function parseDatabase(parts: readonly string[]): number {
  const [text = '0', ...rest] = parts;
  if (!/^\d{0,4}$/.test(text) || rest.length > 0) throw new Error('the database of a Redis URL is a number');
  return Number(text);
}

/** The same as text, without credentials: for operators. */
export function addressText({ kind, tls, hosts, socketPath, master, database }: RedisAddress): string {
  if (kind === 'unix') return `unix://${socketPath}`;
  const scheme = `${tls ? 'rediss' : 'redis'}${kind === 'single' ? '' : `+${kind}`}`;
  const list = hosts.map(({ host, port }) => `${host.includes(':') ? `[${host}]` : host}:${port}`).join(',');
  const rest = [master, database === 0 ? undefined : database].filter((part) => part !== undefined).join('/');
  return `${scheme}://${list}${rest === '' ? '' : `/${rest}`}`;
}
