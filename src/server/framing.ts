import type { IncomingMessage } from 'node:http';
import { GatewayError } from '../errors.ts';

/**
 * What is wrong with a request that Node's parser let through, and of which the gateway and a service might each
 * believe something else; undefined for a sound one. Whoever sends such a thing has its connection ended.
 */
export function findFramingFault(req: IncomingMessage): GatewayError | undefined {
  const hosts = countHosts(req);
  if (hosts === 1 || (hosts === 0 && req.httpVersionMinor === 0)) return undefined;
  return new GatewayError('bad_framing', ONE_HOST);
}

const ONE_HOST = 'An HTTP/1.1 request has exactly one Host (RFC 9112, section 3.2).';

/** Node's own check is content with two Hosts, of which two readers may believe different ones. HTTP/1.0 needs none. */
function countHosts({ rawHeaders }: IncomingMessage): number {
  let hosts = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string;
    if (name.length === 4 && name.toLowerCase() === 'host') hosts += 1;
  }
  return hosts;
}
