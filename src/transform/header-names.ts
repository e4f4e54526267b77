import { isGatewaysOwn, isOneHop } from '../lib/header-filter.ts';

/** Names that may not be edited on one side of the gateway, with the reason; undefined for any other. */
export type FindNameFault = (name: string, isWritten: boolean) => string | undefined;

/** Told to the service after the edits. */
const TOLD_LATER = new Set(['destination', 'x-forwarded-prefix', 'x-request-timeout-ms']);

/** Whoever hands fields on as variables takes an underscore for a dash (CGI, RFC 3875, section 4.1.18). */
const dashed = (name: string): string => name.replaceAll('_', '-');

const OF_THE_CONNECTION = "belongs to the connection, which is the gateway's";

/** What may not be edited on the way to a service. It takes an underscore for a dash (CGI), so that counts as one. */
export const findRequestNameFault: FindNameFault = (name, isWritten) => {
  if (isOneHop(isWritten ? dashed(name) : name)) return OF_THE_CONNECTION;
  if (TOLD_LATER.has(name)) return 'is told to the service by the gateway';
  const isOurs = isGatewaysOwn(dashed(name)) || name.startsWith('sec-websocket-');
  return isWritten && isOurs ? "is the gateway's own word to the service" : undefined;
};

const ON_EVERY_ANSWER = /^(?:date|x-request-id|x-correlation-id|ratelimit|ratelimit-policy|x-ratelimit-.*)$/;
/** Put on an answer that lacks them. */
const SECURITY =
  /^(?:strict-transport-security|x-content-type-options|x-frame-options|referrer-policy|x-dns-prefetch-control|x-download-options|x-permitted-cross-domain-policies|x-xss-protection|origin-agent-cluster)$/;
const NEVER_LEAVES = /^(?:server|x-powered-by)$/;

/** What may not be edited on the way to the client: it would be on the answer again, or not at all. */
export const findResponseNameFault: FindNameFault = (name, isWritten) => {
  if (isOneHop(isWritten ? dashed(name) : name)) return OF_THE_CONNECTION;
  if (ON_EVERY_ANSWER.test(name)) return 'is put on answers by the gateway';
  if (!isWritten) return SECURITY.test(name) ? 'belongs to the key "securityHeaders"' : undefined;
  if (name.startsWith('access-control-')) return 'belongs to the key "cors"';
  return NEVER_LEAVES.test(name) || isGatewaysOwn(name)
    ? "never leaves the gateway: it is its own, or a service's"
    : undefined;
};
