import {
  correlationId,
  cors,
  ipRestriction,
  proxyCache,
  redirect,
  requestSizeLimiting,
  requestTermination,
} from './answers.ts';
import { acl, basicAuth, jwt, keyAuth, openidConnect } from './auth.ts';
import type { Draft, TakeOver } from './draft.ts';
import type { PluginUse } from './kong-file.ts';
import { rateLimiting } from './limits.ts';
import type { Notes } from './notes.ts';
import { requestTransformer, responseTransformer } from './transforms.ts';

/** What is taken over. */
const KNOWN: Readonly<Record<string, TakeOver>> = {
  'key-auth': keyAuth,
  'basic-auth': basicAuth,
  jwt,
  acl,
  'openid-connect': openidConnect,
  'rate-limiting': rateLimiting,
  'rate-limiting-advanced': rateLimiting,
  cors,
  'ip-restriction': ipRestriction,
  'request-size-limiting': requestSizeLimiting,
  'request-termination': requestTermination,
  'request-transformer': requestTransformer,
  'request-transformer-advanced': requestTransformer,
  'response-transformer': responseTransformer,
  'response-transformer-advanced': responseTransformer,
  'proxy-cache': proxyCache,
  'proxy-cache-advanced': proxyCache,
  'correlation-id': correlationId,
  redirect,
};

/** What the gateway does by itself. */
const BUILT_IN: Readonly<Record<string, string>> = {
  prometheus: 'the admin port has /metrics',
};

const LOG = 'each request is a line of JSON on standard output, for whoever ships logs';
const TRACES = 'see OTEL_* in .env.example';
/** What refuses nobody: without it as many are let in as before. */
const HARMLESS: Readonly<Record<string, string>> = {
  'http-log': LOG,
  'file-log': LOG,
  'tcp-log': LOG,
  'udp-log': LOG,
  syslog: LOG,
  loggly: LOG,
  'kafka-log': LOG,
  datadog: 'scrape /metrics of the admin port',
  statsd: 'scrape /metrics of the admin port',
  'statsd-advanced': 'scrape /metrics of the admin port',
  zipkin: TRACES,
  opentelemetry: TRACES,
  'response-ratelimiting': 'see "cost" of a route',
  'graphql-rate-limiting-advanced': 'see "graphql" of a route',
  'grpc-gateway': 'gRPC is not spoken',
  'grpc-web': 'gRPC is not spoken',
  'aws-lambda': 'there is no function service',
  'azure-functions': 'there is no function service',
  'proxy-buffering': 'bodies always stream',
  'ai-prompt-decorator': 'see docs/ai.md',
};

/** Authentication without a like here. */
const UNKNOWN_SCHEMES: Readonly<Record<string, string>> = {
  oauth2: 'it gives out tokens, for which an authorization server is needed: name it in "issuers"',
  'oauth2-introspection': 'write "introspection" of the file and "auth": "introspection"',
  'hmac-auth': 'its way of signing is its own; "http-signature" is that of RFC 9421',
  'ldap-auth': 'no directory is asked; "forward-auth" asks a service that does',
  'ldap-auth-advanced': 'no directory is asked; "forward-auth" asks a service that does',
  session: 'there are no sessions',
  'mtls-auth': 'write "mtls", with a load balancer that ends TLS, and the certificates of the consumers',
  'key-auth-enc': 'keys are stored encrypted; make new ones with turnpike key create',
  'jwt-signer': 'tokens are verified by "issuers", and signed anew by "serviceAuth"',
  saml: 'there is no SAML',
  'vault-auth': 'no Vault is asked',
};

/** Makes a plugin a part of a route. What is not known closes the route rather than leaving it open. */
export function takeOver(use: PluginUse, draft: Draft, notes: Notes): void {
  // What holds for many routes is told once.
  const label = use.scope === 'route' ? `${use.name} of ${draft.label}` : `${use.name} (${use.scope})`;
  const known = Object.hasOwn(KNOWN, use.name) ? KNOWN[use.name] : undefined;
  if (known !== undefined) {
    known({ use, config: use.config, draft, notes, label });
    const unread = use.config.unread();
    if (unread.length > 0) notes.lost(use.line, `${label}: ${unread.map((key) => `"${key}"`).join(', ')}`);
    return;
  }
  if (Object.hasOwn(BUILT_IN, use.name)) {
    notes.told(use.line, `${use.name} is built in: ${BUILT_IN[use.name]}`);
    return;
  }
  if (Object.hasOwn(HARMLESS, use.name)) {
    notes.lost(use.line, `plugin ${use.name}: ${HARMLESS[use.name]}`);
    return;
  }
  if (Object.hasOwn(UNKNOWN_SCHEMES, use.name)) {
    notes.lost(use.line, `${label}: ${UNKNOWN_SCHEMES[use.name]}; the route asks for a key or a token`);
    draft.unknownSchemes.push(use.name);
    return;
  }
  notes.lost(use.line, `${label}: there is nothing like it here; an own stage may do it (docs/extending.md)`);
  draft.unknownGuards.push(use.name);
}
