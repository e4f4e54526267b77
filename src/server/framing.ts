import type { IncomingMessage } from 'node:http';
import { GatewayError } from '../errors.ts';

/** So many fields are too many: Node leaves out in silence what comes later, unless it is a newer one and ends here too. */
const TOO_MANY_FIELDS = 1000;

/**
 * What is wrong with a request that Node's parser let through, and of which the gateway and a service might each
 * believe something else; undefined for a sound one. Whoever sends such a thing has its connection ended.
 */
export function findFramingFault(req: IncomingMessage): GatewayError | undefined {
  const { httpVersionMajor, httpVersionMinor } = req;
  if (httpVersionMajor !== 1) return otherVersion();
  if (req.rawHeaders.length >= 2 * TOO_MANY_FIELDS) return new GatewayError('headers_too_large', FEW_FIELDS);
  const fault = findHostFault(req) ?? findExpectFault(req);
  if (fault !== undefined) return fault;
  const coding = req.headers['transfer-encoding'];
  if (coding !== undefined && httpVersionMinor === 0) return new GatewayError('bad_framing', NO_CODING);
  if (coding !== undefined && coding.toLowerCase() !== 'chunked') return new GatewayError('coding_unsupported');
  if (httpVersionMinor === 0 && isOtherProtocol(req)) return otherVersion();
  return undefined;
}

const FEW_FIELDS = `A request has fewer than ${TOO_MANY_FIELDS} header fields.`;
const ONE_HOST = 'An HTTP/1.1 request has exactly one Host (RFC 9112, section 3.2).';
const NAMED_HOST = 'The Host of a request must name one (RFC 9112, section 3.2).';
const ONE_EXPECTATION = 'The only expectation that is understood is 100-continue (RFC 9110, section 10.1.1).';
const NO_CODING = 'HTTP/1.0 has no Transfer-Encoding (RFC 9112, section 6.1).';

function otherVersion(): GatewayError {
  return new GatewayError('bad_framing', 'Only HTTP/1.0 and HTTP/1.1 are spoken here.');
}

/** Node's own check is content with two Hosts, of which two readers may believe different ones. HTTP/1.0 needs none. */
function countHosts({ rawHeaders }: IncomingMessage): number {
  let hosts = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string;
    if (name.length === 4 && name.toLowerCase() === 'host') hosts += 1;
  }
  return hosts;
}

/** A Host may be empty where a target has no authority, as no `http` URL is; HTTP/1.0 needs none. */
function findHostFault(req: IncomingMessage): GatewayError | undefined {
  const hosts = countHosts(req);
  if (req.httpVersionMinor === 0) return hosts > 1 ? new GatewayError('bad_framing', ONE_HOST) : undefined;
  if (hosts !== 1) return new GatewayError('bad_framing', ONE_HOST);
  const { host = '' } = req.headers;
  return host === '' || host.startsWith(':') ? new GatewayError('bad_framing', NAMED_HOST) : undefined;
}

const KNOWN_EXPECTATIONS = /^100-continue(?:[ \t]*,[ \t]*100-continue)*$/i;

/** Node is content with a list that has a known one among unknown ones. HTTP/1.0 has no expectations. */
function findExpectFault({ headers: { expect }, httpVersionMinor }: IncomingMessage): GatewayError | undefined {
  if (expect === undefined || httpVersionMinor === 0 || KNOWN_EXPECTATIONS.test(expect)) return undefined;
  return new GatewayError('bad_request', ONE_EXPECTATION);
}

/** What Node's parser has of the connection that it reads. */
interface WithParser {
  readonly parser?: { getCurrentBuffer?(): Buffer | undefined } | null;
}

/**
 * Node's parser also takes `RTSP/1.0` and `ICE/1.0` for its own, and doesn't tell: such a request looks like one of
 * HTTP/1.0 (llhttp 9). Only the bytes know, which are looked at for that version alone; a request line that came in
 * an earlier packet than the end of its head is not among them any more.
 */
function isOtherProtocol({ method, url, socket }: IncomingMessage): boolean {
  const bytes = (socket as WithParser).parser?.getCurrentBuffer?.();
  if (bytes === undefined) return false;
  const line = `${method} ${url} `;
  return bytes.includes(`${line}RTSP/`, 0, 'latin1') || bytes.includes(`${line}ICE/`, 0, 'latin1');
}
