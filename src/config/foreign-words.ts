/*
 * What other gateways call the things of routes.json. Whoever comes from nginx, Kong, Traefik or APISIX writes their
 * words first, and no spelling is near enough to guess what was meant.
 */

/** A word of ours, and the words of others that stand for it; a word counts only where ours is a key. */
interface Translation {
  readonly here: string;
  readonly others: readonly string[];
  /** What to write, where the name alone does not say it. */
  readonly example?: string;
}

// The first whose own word is a key of the object counts: `url` is "target" in a route and "targets" in a service.
const TRANSLATIONS: readonly Translation[] = [
  {
    here: 'target',
    others: ['upstream', 'upstreams', 'url', 'proxypass', 'backend', 'upstreamurl', 'uri', 'destination', 'forwardto'],
    example: '"target": "http://localhost:4001", or "service" with a row in "services"',
  },
  {
    here: 'targets',
    others: ['url', 'urls', 'servers', 'server', 'host', 'nodes', 'upstream', 'upstreams', 'endpoints', 'addresses'],
    example: '"targets": ["http://localhost:4001"]',
  },
  { here: 'url', others: ['target', 'address', 'addr', 'host', 'server', 'uri', 'upstream', 'endpoint'] },
  { here: 'prefix', others: ['path', 'paths', 'location', 'uris', 'rule', 'pathprefix', 'match', 'listenpath'] },
  { here: 'hosts', others: ['servername', 'hostname', 'hostnames', 'domains', 'domain', 'virtualhost'] },
  { here: 'methods', others: ['verbs', 'httpmethods'] },
  { here: 'routes', others: ['routers', 'locations', 'endpoints', 'apis', 'paths', 'ingress', 'http', 'server'] },
  { here: 'services', others: ['upstreams', 'upstream', 'backends', 'clusters'] },
  { here: 'name', others: ['id', 'username', 'customid'] },
  { here: 'stripPrefix', others: ['strippath', 'stripurl', 'striplistenpath'] },
  { here: 'rewritePrefix', others: ['rewrite', 'replacepath', 'rewritepath', 'addprefix', 'urlrewrite'] },
  { here: 'rateLimits', others: ['limitreq', 'limitreqzone', 'throttle', 'throttling', 'ratelimiting', 'limitcount'] },
  { here: 'concurrency', others: ['limitconn', 'inflightreq', 'maxconcurrent', 'maxconnections'] },
  { here: 'cache', others: ['proxycache', 'proxycachevalid', 'caching', 'httpcache', 'responsecache', 'cachecontrol'] },
  { here: 'bodyLimit', others: ['clientmaxbodysize', 'maxbodysize', 'requestsizelimiting', 'buffering', 'maxbody'] },
  {
    here: 'timeouts',
    others: [
      'connecttimeout',
      'readtimeout',
      'writetimeout',
      'sendtimeout',
      'proxyreadtimeout',
      'proxyconnecttimeout',
      'proxysendtimeout',
    ],
  },
  { here: 'retry', others: ['retries', 'proxynextupstream', 'maxretries'] },
  { here: 'balance', others: ['loadbalancer', 'lbpolicy', 'algorithm', 'loadbalancing', 'strategy'] },
  { here: 'passiveHealth', others: ['maxfails', 'failtimeout', 'outlierdetection'] },
  { here: 'tls', others: ['ssl', 'proxyssl', 'serverstransport', 'https'] },
  {
    here: 'auth',
    others: [
      'authentication',
      'jwt',
      'keyauth',
      'basicauth',
      'authbasic',
      'authrequest',
      'forwardauth',
      'apikey',
      'security',
      'secured',
    ],
  },
  { here: 'authorize', others: ['acl', 'authorization', 'roles', 'scopes', 'permissions', 'allowedroles'] },
  { here: 'ipAllow', others: ['allow', 'whitelist', 'ipwhitelist', 'ipallowlist', 'iprestriction', 'sourcerange'] },
  { here: 'ipDeny', others: ['deny', 'blacklist', 'ipblacklist', 'ipdenylist'] },
  { here: 'respond', others: ['return', 'staticresponse', 'requesttermination', 'mockresponse'] },
  { here: 'files', others: ['static', 'root', 'fileserver', 'staticfiles', 'publicdir', 'documentroot', 'serve'] },
  { here: 'redirect', others: ['redirection', 'redirectto', 'redirecturl', 'redirectregex', 'redirectscheme'] },
  {
    here: 'request',
    others: ['proxysetheader', 'requesttransformer', 'requestheaders', 'customrequestheaders', 'setheaders'],
    example: '"request": { "headers": { "set": { "x-name": "value" } } }',
  },
  {
    here: 'response',
    others: ['addheader', 'proxyhideheader', 'responsetransformer', 'responseheaders', 'customresponseheaders'],
    example: '"response": { "headers": { "set": { "x-name": "value" } } }',
  },
  { here: 'cors', others: ['crossorigin', 'accesscontrol', 'alloworigins'] },
  { here: 'websocket', others: ['ws', 'upgrade', 'enablewebsocket'] },
  { here: 'limit', others: ['max', 'requests', 'count', 'rate', 'average', 'calls', 'quota'] },
  {
    here: 'window',
    others: [
      'per',
      'period',
      'interval',
      'timewindow',
      'windowsize',
      'windowms',
      'duration',
      'second',
      'minute',
      'hour',
      'day',
    ],
    example: '"window": "1m"',
  },
  { here: 'keys', others: ['key', 'apikey', 'apikeys', 'keyauthcredentials', 'credentials', 'secret'] },
  { here: 'omit', others: ['remove', 'delete', 'exclude', 'drop'] },
  { here: 'pick', others: ['only', 'keep', 'include', 'allow', 'whitelist'] },
  { here: 'set', others: ['replace', 'override', 'overwrite'] },
  { here: 'add', others: ['append', 'insert'] },
  { here: 'issuer', others: ['iss'] },
  { here: 'audience', others: ['aud', 'audiences'] },
  {
    here: 'idle',
    others: ['read', 'write', 'send', 'request', 'response', 'upstream', 'readtimeout', 'sendtimeout'],
    example: '"headers" (until the answer begins) and "idle" (between two bytes)',
  },
  {
    here: 'sha256',
    others: ['key', 'apikey', 'secret', 'value', 'token', 'hash'],
    example: '"sha256": no key stands in the file; `turnpike key create` makes one and writes its row',
  },
  { here: 'jwks', others: ['jwksuri', 'jwksurl', 'keysurl'] },
];

/** Words for a list of everything that can be switched on, which routes.json has not. */
const PLUGINS = ['plugins', 'plugin', 'middlewares', 'middleware', 'policies', 'filters', 'handlers'];
const PLUGINS_HINT =
  'Here each has a key of its own: "auth", "authorize", "rateLimits", "cors", "timeouts", "retry" and more (docs/configuration.md).';

/** What to say, and our own word where there is one. */
export interface Meaning {
  readonly meant?: string;
  readonly hint: string;
}

/** What a key that is unknown here means in another gateway: our word for it, where there is one, and what to say. */
export function translateKey(key: string, known: readonly string[]): Meaning | undefined {
  const word = plain(key);
  const found = TRANSLATIONS.find(({ here, others }) => known.includes(here) && others.includes(word));
  if (found !== undefined) return { meant: found.here, hint: `here this is ${found.example ?? `"${found.here}"`}` };
  const isRouteOrFile = known.includes('prefix') || known.includes('routes');
  return isRouteOrFile && PLUGINS.includes(word) ? { hint: PLUGINS_HINT } : undefined;
}

const OPEN = ['off', 'no', 'false', 'public', 'disabled', 'anonymous', 'open', 'null', 'noauth'];

/** What a value that is refused means, by its key; the index of an item counts as its list's key. */
const VALUES: Readonly<Record<string, (value: unknown) => Meaning | undefined>> = {
  auth(value) {
    if (value === false || (typeof value === 'string' && OPEN.includes(plain(value)))) {
      return { hint: 'a route for everybody says "auth": "none"' };
    }
    return value === true ? { hint: 'leave "auth" out: a route asks for a key or a token by itself' } : undefined;
  },
  'auth/': (value) =>
    value === 'none'
      ? { hint: 'for callers with a credential and without: "auth": { "any": ["jwt"], "optional": true }' }
      : undefined,
  cors: (value) =>
    value === true
      ? {
          hint: 'leave "cors" out: it answers for the origins in CORS_ORIGINS; { "origins": ["https://…"] } names others',
        }
      : undefined,
  retry(value) {
    if (value === true) return { hint: 'leave "retry" out: what is safe to repeat is repeated by itself' };
    if (value === 0) return { hint: 'write false' };
    if (typeof value !== 'number') return undefined;
    return { hint: `write { "attempts": ${Math.min(Math.max(1, Math.round(value)), 5)} }, the first one included` };
  },
  weight: (value) =>
    typeof value === 'number' && !Number.isInteger(value)
      ? { hint: 'shares are whole numbers: 9 and 1 in place of 0.9 and 0.1' }
      : undefined,
  'algorithms/': (value) =>
    value === 'Ed25519' || value === 'Ed448'
      ? { hint: 'did you mean "EdDSA"? That is what the header of such a token must say here' }
      : undefined,
  'keys/': (value) =>
    typeof value === 'string'
      ? { hint: 'no key stands in the file: `turnpike key create` makes one and writes its row' }
      : undefined,
  path: (value) =>
    typeof value === 'string' && value.startsWith('/')
      ? { meant: 'prefix', hint: 'here this is "prefix"; "path" says in which form the path is forwarded' }
      : undefined,
};

/** What a value that is refused means: `auth: false` for one, or a path in the place of its form. */
export function translateValue(path: readonly PropertyKey[], value: unknown): Meaning | undefined {
  const key = path.at(-1);
  if (path.includes('request') && path.includes('headers')) return explainField(String(key).toLowerCase());
  const name = typeof key === 'number' ? `${String(path.at(-2))}/` : String(key);
  return Object.hasOwn(VALUES, name) ? VALUES[name]?.(value) : undefined;
}

/** A field of the request that can't be edited: who writes it, and by which key. */
function explainField(name: string): Meaning | undefined {
  if (name === 'host') return { hint: '"preserveHost": true on the route sends the Host of the client on' };
  if (!/^x-(?:user|consumer|auth)-/.test(name)) return undefined;
  return { hint: 'the gateway writes it from the credential of the caller; take another name for yours' };
}

function plain(word: string): string {
  return word.toLowerCase().replace(/[_.-]/g, '');
}
