import { z } from 'zod';
import { duration, offOr } from '../schema-values.ts';
import { balanceOption, slowStartOption } from './balance/balance.ts';
import { breakerSchema } from './breaker.ts';
import { bulkheadOption } from './bulkhead.ts';
import { type ServiceAuthOption, serviceAuthOption } from './credentials/options.ts';
import { discoverOption } from './discovery/discover.ts';
import { healthCheckOption } from './health/active.ts';
import { passiveHealthOption } from './health/passive.ts';
import { targetsOption } from './target.ts';

/** How the connections to a service are verified. Values may be `"${FILE:/path}"`. */
export const tlsOption = z
  .strictObject({
    ca: z
      .string()
      .optional()
      .describe('PEM of the authority that signed the certificate; default: those that Node trusts.'),
    cert: z.string().optional().describe('PEM of the certificate that the gateway shows (mutual TLS).'),
    key: z.string().optional().describe('PEM of its private key.'),
    serverName: z.string().optional().describe('Name to ask for and to verify (SNI); default: the host of the target.'),
    verify: z.boolean().default(true).describe('False accepts any certificate: for a test, never for production.'),
  })
  .describe('TLS to the service.');

const timeout = duration({ min: '1ms', max: '1d' });

/** For `headers`, and for `total`, in milliseconds. */
const HEADERS_DEFAULT_MS = 30_000;

/** Deadlines of a request; `headers` and `total` count from when the request has been sent whole. */
export const timeoutsOption = z
  .strictObject({
    connect: timeout.prefault('2s').describe('Name look-up, connection and TLS, and waiting for a free connection.'),
    headers: timeout.prefault('30s').describe('Until the response headers, of one attempt.'),
    try: timeout
      .prefault('3s')
      .describe('In place of `headers`, where that is longer, for a GET or HEAD that can still go to another target.'),
    idle: timeout.prefault('30s').describe('Between two bytes of an upload or of an answer.'),
    stream: offOr(timeout)
      .prefault('5m')
      .describe(
        'Between two bytes of an event stream, and of an answer that tells no length; "off" leaves it to TCP keep-alive.',
      ),
    heartbeat: timeout
      .optional()
      .describe(
        'After so long a silence an event stream gets a comment line between two events, for proxies on the way; it does not hold off `stream`. Default: never.',
      ),
    total: timeout
      .optional()
      .describe(
        'Until the response headers, of all attempts. Default: 30s, or `headers` where that is longer. A shorter one cuts `headers`.',
      ),
  })
  .describe('Deadlines; 504 when one passes.');

/** The key of a route. */
export const timeoutsKey = timeoutsOption.prefault({});

type TimeoutsOption = z.output<typeof timeoutsOption>;

/** The deadlines of a route, each with its value: one attempt alone may take as long as `headers` says. */
export function completeTimeouts(option: TimeoutsOption): TimeoutsOption & { readonly total: number } {
  return { ...option, total: option.total ?? Math.max(HEADERS_DEFAULT_MS, option.headers) };
}

/** What contradicts itself in these deadlines; undefined where nothing does. */
export function findTimeoutsFault({ heartbeat, stream }: TimeoutsOption): { key: string; message: string } | undefined {
  if (heartbeat === undefined || heartbeat < stream) return undefined;
  return {
    key: 'heartbeat',
    message: 'would never be sent: "stream" ends the stream after a silence that is no longer',
  };
}

/** What a service may say in `services`, and a route that names its targets itself. */
export const serviceKeys = {
  targets: targetsOption.optional(),
  discover: discoverOption.optional(),
  balance: balanceOption.optional(),
  slowStart: slowStartOption.optional(),
  healthCheck: healthCheckOption.optional(),
  passiveHealth: passiveHealthOption.optional(),
  bulkhead: bulkheadOption.optional(),
  tls: tlsOption.optional(),
  http2: z
    .boolean()
    .optional()
    .describe('Speaks HTTP/2 with targets over TLS that offer it. Default false: HTTP/1.1 costs less per call.'),
  circuitBreaker: breakerSchema
    .optional()
    .describe('When calls to this service are refused at once, and for how long.'),
  serviceAuth: serviceAuthOption.optional(),
};

export const serviceSchema = z.strictObject(serviceKeys);

/** The key of a route that names its service. */
export const serviceName = z.string().optional().describe('Name of the service in `services` that answers.');

/** The key `services` of the file. */
export const servicesOption = z
  .record(z.string().regex(/^[A-Za-z0-9][\w.-]{0,63}$/), serviceSchema)
  .default({})
  .describe('What is proxied to, by name.');

export type ServiceOptions = z.output<typeof serviceSchema>;

/** What a route says of where it goes. */
interface Destination {
  readonly service?: string | undefined;
  readonly serviceAuth?: ServiceAuthOption | undefined;
}

/** Names of the services that are asked instead of the first; see `failover` in forward/failover.ts. */
export const failoverTo = z
  .array(z.string())
  .min(1)
  .max(8)
  .describe('Names of the services that are asked instead, in this order: another account, say, or another provider.');

/** Every `serviceAuth` that a request of a route may be sent with: that of its service, and of those asked instead. */
export function serviceAuthsOf(
  destination: Destination & { readonly failover?: { readonly to: readonly string[] } | undefined },
  services: Readonly<Record<string, ServiceOptions>>,
): readonly (ServiceAuthOption | undefined)[] {
  const others = (destination.failover?.to ?? []).map((service) => serviceAuthOf({ service }, services));
  return [serviceAuthOf(destination, services), ...others];
}

/** The `serviceAuth` that is in force on a route: its own, else that of its service. */
export function serviceAuthOf(
  { service, serviceAuth }: Destination,
  services: Readonly<Record<string, ServiceOptions>>,
): ServiceAuthOption | undefined {
  if (serviceAuth !== undefined || service === undefined || !Object.hasOwn(services, service)) return serviceAuth;
  return services[service]?.serviceAuth;
}
