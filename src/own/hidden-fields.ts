import type { IncomingMessage } from 'node:http';
import { distinctFields } from '../lib/distinct-fields.ts';
import { isGatewaysOwn, isOneHop } from '../lib/header-filter.ts';

/**
 * True for a field that is a client's claim about what only the gateway says: no service is sent it, and no own stage
 * sees it. What belongs to the connection (`host`, `content-length`) is no claim.
 */
export function isHidden(lowerName: string): boolean {
  return lowerName.includes('_') || (isGatewaysOwn(lowerName) && !isOneHop(lowerName));
}

/**
 * Takes those fields from a request for as long as a middleware has it; what it returns puts them back, for stages of the
 * gateway that are behind: a trusted proxy may have set them, and they know that.
 */
export function hideFields(req: IncomingMessage): () => void {
  const { headers, rawHeaders } = req;
  const hidden = Object.entries(headers).filter(([name]) => isHidden(name));
  const shown = rawHeaders.filter((_text, at) => !isHidden((rawHeaders[at - (at % 2)] as string).toLowerCase()));
  if (shown.length === rawHeaders.length && hidden.length === 0) return () => undefined;
  for (const [name] of hidden) delete headers[name];
  req.rawHeaders = shown;
  // Node would make them of as many raw fields as have come (Node 26).
  req.headersDistinct = Object.fromEntries([...distinctFields(shown)].map(([name, values]) => [name, [...values]]));
  return function putBack() {
    if (req.rawHeaders === shown) req.rawHeaders = rawHeaders;
    // What a middleware has put in their place stays.
    for (const [name, value] of hidden.splice(0)) req.headers[name] ??= value;
  };
}
