import type { RequestContext } from '../context.ts';
import type { HiddenValues } from '../lib/hidden-values.ts';
import { redactWord } from '../lib/redact.ts';
import { agentOf, labelOf, limitText, loggedPath, operationOf } from '../log/access-line.ts';
import { Attributes } from './encode.ts';

/** The methods that are told as they are (RFC 9110, and PATCH of RFC 5789); a client may make up others without end. */
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH']);
const MAX_METHOD_CHARS = 32;
const MAX_HOST_CHARS = 261;
const HOST = /^(\[[^\]]*\]|[^:]*)(?::(\d{1,5}))?$/;

/** What is known when a request comes, and no more when it has become a WebSocket. */
export interface Arrived {
  readonly host: string | undefined;
  readonly httpVersion: string;
}

/** The route as spans are grouped by it: the first prefix, as the file has it. */
export function routeOf({ route }: RequestContext, hidden: HiddenValues): string | undefined {
  if (route === undefined) return undefined;
  return route.hasSecretPath === true ? hidden.hide(route.prefix) : route.prefix;
}

/** The name of the span of a request: few of them, whatever clients send. */
export function spanName(context: RequestContext, route: string | undefined): string {
  const method = METHODS.has(context.method) ? context.method : 'HTTP';
  return route === undefined ? method : `${method} ${route}`;
}

/**
 * The attributes of a whole request: those of OpenTelemetry's conventions for HTTP servers, and the gateway's own. Who
 * calls is not among them: spans go to another system, often of another firm, and the log line has it under the same id.
 */
export function serverAttributes(
  context: RequestContext,
  { host, httpVersion }: Arrived,
  route: string | undefined,
  hidden: HiddenValues,
): Attributes {
  const shown = loggedPath(context, hidden);
  const mark = shown.indexOf('?');
  const attributes = addMethod(new Attributes(), context)
    .text('url.scheme', context.scheme)
    .text('url.path', mark < 0 ? shown : shown.slice(0, mark))
    .text('url.query', mark < 0 ? undefined : shown.slice(mark + 1))
    .text('http.route', route)
    .number('http.response.status_code', context.status === 0 ? undefined : context.status)
    .text('network.protocol.version', httpVersion)
    .text('client.address', context.clientAddress)
    .text('network.peer.address', context.peerAddress)
    .text('user_agent.original', agentOf(context));
  addHost(attributes, host, hidden);
  return addOwn(attributes, context, hidden);
}

export function addMethod(attributes: Attributes, { method }: RequestContext): Attributes {
  if (METHODS.has(method)) return attributes.text('http.request.method', method);
  return attributes
    .text('http.request.method', '_OTHER')
    .text('http.request.method_original', method.slice(0, MAX_METHOD_CHARS));
}

function addHost(attributes: Attributes, host: string | undefined, hidden: HiddenValues): void {
  const parts = HOST.exec(host?.slice(0, MAX_HOST_CHARS) ?? '');
  if (parts === null) return;
  attributes.text('server.address', hidden.hide(redactWord(parts[1] as string)));
  if (parts[2] !== undefined) attributes.number('server.port', Number(parts[2]));
}

function addOwn(attributes: Attributes, context: RequestContext, hidden: HiddenValues): Attributes {
  return attributes
    .text('turnpike.request_id', redactWord(context.requestId))
    .text('turnpike.route', context.route?.name)
    .text('turnpike.part', context.part)
    .text('turnpike.service', labelOf(context.service, hidden))
    .number('turnpike.attempts', context.attempts === 0 ? undefined : context.attempts)
    .text('turnpike.code', context.errorCode)
    .text('turnpike.refused_by', context.refusedBy)
    .text('turnpike.cache', context.cache)
    .text('turnpike.limit', limitText(context))
    .text('turnpike.operation', operationOf(context))
    .text('turnpike.fault', context.fault)
    .text('turnpike.shadow', context.shadow);
}
