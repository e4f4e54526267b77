import { authKeys } from '../auth/auth-option.ts';
import { createWithheld } from '../auth/withheld.ts';
import { contextOf, type RequestContext } from '../context.ts';
import { connectionNames } from '../lib/connection-names.ts';
import { createHeaderFilter, isReserved } from '../lib/header-filter.ts';
import { defineStage } from '../stage.ts';
import { credentialFields } from '../upstream/credentials/options.ts';
import { failoverKey } from '../upstream/forward/failover.ts';
import { serviceAuthsOf, serviceKeys, serviceName, servicesOption } from '../upstream/service-options.ts';

/**
 * First step on every route: what the client sent becomes what may be sent on. Fields of one hop, every name that
 * `Connection` lists, names with an underscore and names that only the gateway may use are left behind, and the
 * gateway's own X-Forwarded-* are put in their place. Later stages add to `upstreamHeaders`, they never look back.
 */
export const sanitizeHeadersStage = defineStage({
  name: 'sanitizeHeaders',
  reads: {
    auth: authKeys.auth,
    service: serviceName,
    serviceAuth: serviceKeys.serviceAuth,
    failover: failoverKey,
  },
  fileReads: { services: servicesOption },
  prepare: ({ services }) => services,
  create({ auth, ...destination }, route, _deps, services) {
    // What proves the gateway to the service is never the client's, nor beside a field of the client's.
    const ours = route.matched ? serviceAuthsOf(destination, services).flatMap(credentialFields) : [];
    const filter = createHeaderFilter([...route.credentialHeaders, ...ours]);
    const withhold = createWithheld(auth);

    return function sanitizeHeaders(req, _res, next) {
      const context = contextOf(req);
      const { rawHeaders } = req;
      const out: string[] = [];
      const named = connectionNames(req.headers.connection);
      for (let i = 0; i < rawHeaders.length; i += 2) {
        const name = rawHeaders[i] as string;
        if (!filter.passes(name)) forget(req.headers, name);
        else if (named === undefined || !named.has(name.toLowerCase())) out.push(name, rawHeaders[i + 1] as string);
      }
      // `parent` is what a part belongs to; a client's own request has none.
      const sent = context.parent === undefined ? out : withhold(out, context.parent);
      addForwarded(context, sent);
      context.upstreamHeaders = sent;
      next();
    };
  },
});

/** A forged identity is not for later stages either: a limit `by` header must not see it. */
function forget(headers: NodeJS.Dict<string | string[]>, name: string): void {
  const lower = name.toLowerCase();
  if ((lower.includes('_') || isReserved(lower)) && !lower.startsWith('x-forwarded-')) delete headers[lower];
}

/** X-Forwarded-* (appended to a trusted peer's, else begun anew) and X-Real-IP. */
function addForwarded(context: RequestContext, out: string[]): void {
  const { headers } = context.req;
  const { peerAddress, peerTrusted } = context;
  const before = peerTrusted ? headers['x-forwarded-for'] : undefined;
  const host = (peerTrusted ? lastOf(headers['x-forwarded-host']) : undefined) ?? headers.host;
  out.push('X-Forwarded-For', before === undefined ? peerAddress : `${String(before)}, ${peerAddress}`);
  out.push('X-Forwarded-Proto', context.scheme);
  if (host !== undefined) out.push('X-Forwarded-Host', host, 'X-Forwarded-Port', portOf(host, context.scheme));
  out.push('X-Real-IP', context.clientAddress);
}

function lastOf(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.at(-1) : value;
}

function portOf(host: string, scheme: string): string {
  const colon = host.lastIndexOf(':');
  if (colon > host.lastIndexOf(']') && colon !== -1) return host.slice(colon + 1);
  return scheme === 'https' ? '443' : '80';
}
