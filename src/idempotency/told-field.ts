import type { RequestContext } from '../context.ts';

/** A field as the service is told it, lists joined as node does; undefined where it is told none. */
export function toldField({ upstreamHeaders }: RequestContext, lowerName: string): string | undefined {
  const values: string[] = [];
  for (let i = 0; i < upstreamHeaders.length; i += 2)
    if ((upstreamHeaders[i] as string).toLowerCase() === lowerName) values.push(upstreamHeaders[i + 1] as string);
  return values.length === 0 ? undefined : values.join(', ');
}

/** Asks for an answer in no coding: it is kept for clients that accept others, and coded for each on its way. */
export function askForIdentity({ upstreamHeaders }: RequestContext): void {
  let kept = 0;
  for (let i = 0; i < upstreamHeaders.length; i += 2) {
    const [name, value] = [upstreamHeaders[i] as string, upstreamHeaders[i + 1] as string];
    if (name.toLowerCase() === 'accept-encoding') continue;
    upstreamHeaders[kept++] = name;
    upstreamHeaders[kept++] = value;
  }
  upstreamHeaders.length = kept;
  upstreamHeaders.push('Accept-Encoding', 'identity');
}
