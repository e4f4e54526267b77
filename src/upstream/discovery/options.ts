import { z } from 'zod';
import { network } from '../../schema-values.ts';

const allow = z
  .array(network)
  .min(1)
  .optional()
  .describe('Networks that targets may be in. Default: any but link-local (metadata), multicast and reserved ones.');

const scheme = z.enum(['http', 'https']).default('http').describe('How the targets are spoken to. Default "http".');

export const consulOption = z.strictObject({
  consul: z.string().min(1).max(128).describe('Name of the service in Consul.'),
  tag: z.string().min(1).max(128).optional().describe('Only instances with this tag.'),
  datacenter: z.string().min(1).max(128).optional().describe('Datacenter to ask; default: the one of the agent.'),
  address: z
    .url({ protocol: /^https?$/, error: 'expected an address such as "http://localhost:8500"' })
    .optional()
    .describe('Address of the Consul agent. Default: CONSUL_HTTP_ADDR.'),
  token: z
    .string()
    .min(1)
    .optional()
    .describe('Token for Consul, as "${ENV:NAME}". Default: CONSUL_HTTP_TOKEN, unless `address` is set.'),
  scheme,
  allow,
});

const DNS_NAME = /^(?:(?:srv|a):)?[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,251}[A-Za-z0-9_.])?(?::\d{1,5})?$/;

function hasPortOrSrv(text: string): boolean {
  const port = /:(\d+)$/.exec(text)?.[1];
  if (text.startsWith('srv:')) return port === undefined;
  return port !== undefined && Number(port) >= 1 && Number(port) <= 65_535;
}

export const dnsOption = z.strictObject({
  dns: z
    .string()
    .regex(DNS_NAME, { error: 'expected "srv:_http._tcp.orders.local" or "orders.local:8080"' })
    .refine(hasPortOrSrv, {
      error: 'SRV records name the port themselves ("srv:NAME"); any other name needs one ("NAME:PORT")',
    })
    .describe('"srv:NAME" for SRV records, "NAME:PORT" for every address (A and AAAA) of a name.'),
  server: z
    .array(z.string().min(1).max(64))
    .min(1)
    .max(3)
    .optional()
    .describe('DNS servers to ask, address or address:port. Default: those of the system.'),
  scheme,
  allow,
});

/** The key `discover`. */
export const discoverOption = z
  .union([consulOption, dnsOption])
  .describe('Where the addresses of the service come from when the file does not name them.');

export type ConsulOptions = z.output<typeof consulOption>;
export type DnsOptions = z.output<typeof dnsOption>;
export type DiscoverOptions = z.output<typeof discoverOption>;
