/** error: open to anybody, or broken; warning: most likely not meant; info: worth knowing. */
export type Severity = 'error' | 'warning' | 'info';

export interface FindingRow {
  readonly severity: Severity;
  /** What is found. */
  readonly title: string;
  readonly fix: string;
  /** True where a setting decides too: it may be found on one machine and not on the next. */
  readonly bySettings?: true;
}

/** Who may do what that was not meant. */
export const SECURITY = {
  'open-cors-credentials': {
    severity: 'error',
    title: 'Pages of every origin may call, on a route whose CORS is meant for cookies.',
    fix: 'Name the origins in `cors.origins`, or set `CORS_ORIGINS` to them.',
    bySettings: true,
  },
  'cors-credentials-over-http': {
    severity: 'warning',
    title: 'A page that comes over plain http may call with cookies: whoever is on the way can write that page.',
    fix: 'Name the origin with https.',
    bySettings: true,
  },
  'cors-for-nobody': {
    severity: 'warning',
    title: '`cors.credentials` without any origin lets nobody in.',
    fix: 'Name origins in `cors.origins`, or set `CORS_ORIGINS`.',
    bySettings: true,
  },
  'weak-secret': {
    severity: 'error',
    title: 'A secret is a well-known example, or has too few different characters.',
    fix: 'Make one: `openssl rand -base64 48`.',
    bySettings: true,
  },
  'secret-in-file': {
    severity: 'warning',
    title: 'A secret is written into the file by the letter, where everybody who reads the repository reads it.',
    fix: 'Write `${ENV:NAME}` or `${FILE:/path}`.',
  },
  'public-without-limit': {
    severity: 'warning',
    title:
      'A route that asks for no credential, or lets callers without one pass, reaches a service, and nothing limits how often.',
    fix: 'Give it `rateLimits`, or the file, or a `defaultPlan` with some.',
  },
  'auth-on-trial': {
    severity: 'warning',
    title: '`shadow` names `authenticate`: everybody is let in.',
    fix: 'Take it out of `shadow` once the log says that nobody is hit.',
  },
  'identity-of-nobody': {
    severity: 'warning',
    title: 'A route that asks for no credential tells its service of a caller: those values are always empty.',
    fix: 'Ask for a credential (`auth`), or take the values out.',
  },
  'shared-cache-personal': {
    severity: 'error',
    title: 'Answers are shared by all callers, although the request tells the service who calls.',
    fix: 'Leave out `"shared": true`, or name what differs in `cache.key.values`.',
  },
  'tls-unverified': {
    severity: 'warning',
    title: 'Any certificate of a service is accepted: whoever is on the way can be that service.',
    fix: 'Give `tls.ca` the authority of its certificate, and leave out `verify`.',
  },
  'service-over-http': {
    severity: 'warning',
    title: 'A service on the internet is called over plain http.',
    fix: 'Write its address with https.',
  },
  'forward-auth-over-http': {
    severity: 'warning',
    title: 'Credentials are shown to a host on the internet over plain http, and its verdict is believed.',
    fix: 'Write the URL with https, or ask a host of your own network.',
  },
  'keys-over-http': {
    severity: 'warning',
    title: 'Keys that tokens are verified by come over plain http (`allowHttp`).',
    fix: 'Take `allowHttp` out, and write the URL with https.',
  },
  'audience-unchecked': {
    severity: 'warning',
    title: 'Tokens that an issuer has made for other services pass here.',
    fix: 'Give the issuer an `audience`, or set `JWT_AUDIENCE`.',
    bySettings: true,
  },
  'credential-in-query': {
    severity: 'info',
    title: 'A credential comes in the query, which logs and histories of others keep.',
    fix: 'Take it from a header field, where the client can send one.',
  },
  'admin-exposed': {
    severity: 'warning',
    title: 'The admin port listens on an address that other machines reach, and its token travels over plain http.',
    fix: 'Leave out `ADMIN_HOST`, or let nothing but your own network reach that port.',
    bySettings: true,
  },
  'trust-many-hops': {
    severity: 'warning',
    title: 'More proxies are trusted than stand in front, most likely: a client can then write its address itself.',
    fix: 'Set `TRUST_PROXY` to the number of proxies that really are there.',
    bySettings: true,
  },
  'trust-wide-network': {
    severity: 'warning',
    title: 'A large network of the internet is trusted to say where requests come from.',
    fix: 'Set `TRUST_PROXY` to the addresses of your proxies alone, or to their number.',
    bySettings: true,
  },
  'ip-allow-behind-proxy': {
    severity: 'warning',
    title: '`ipAllow` names private networks alone, and `TRUST_PROXY` is not set.',
    fix: 'Set `TRUST_PROXY`, or `TRUST_PROXY=0` where nothing stands in front.',
    bySettings: true,
  },
  'ip-allow-of-proxies': {
    severity: 'warning',
    title: '`ipAllow` lets addresses in that `TRUST_PROXY` takes for proxies: clients there can forge their address.',
    fix: 'Give `TRUST_PROXY` the number of proxies in front, or their addresses alone.',
    bySettings: true,
  },
} as const satisfies Record<string, FindingRow>;
