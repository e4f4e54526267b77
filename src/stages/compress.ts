import { z } from 'zod';
import { contextOf, type RequestContext } from '../context.ts';
import type { Kind } from '../pool.ts';
import { defineStage } from '../stage.ts';
import { chooseCoding } from '../transform/codings.ts';
import { CompressingSink, OpenStreams } from '../transform/compressing-sink.ts';
import { compressOption, createCompression, forbidsTransform, withStrongTags } from '../transform/compression.ts';

/** One for all routes, so that the bound holds for the process. */
const openStreamsKind: Kind<OpenStreams> = { name: 'compressing', close: () => undefined };

const WEAK = 'W/"';
const MAX_IF_MATCH_CHARS = 1024;

/**
 * Compresses answers for clients that accept it. Off unless a route asks: what mixes a secret with what a client sends
 * tells the secret by its length once it is compressed (BREACH).
 */
export const compressStage = defineStage({
  name: 'compress',
  keys: {
    compress: z
      .union([z.boolean(), compressOption])
      .optional()
      .describe(
        'Compresses answers (gzip, br, zstd) for clients that accept it; `true` for the usual types from 1 kB on. Not for answers that hold a secret beside text of the client (BREACH).',
      ),
  },

  create({ compress }, route, deps) {
    if (!route.matched || compress === undefined || compress === false) return undefined;
    const compression = createCompression(compress === true ? compressOption.parse({}) : compress);
    const open = deps.lease.use(openStreamsKind, 'all', () => new OpenStreams());
    const sinkDeps = { deadlines: deps.deadlines, open };

    return function compress(req, _res, next) {
      const context = contextOf(req);
      // Whoever puts parts together wants to read them.
      if (context.parent !== undefined) return next();
      const field = forbidsTransform(req.headers['cache-control']) ? undefined : req.headers['accept-encoding'];
      const accepted = chooseCoding(typeof field === 'string' ? field : undefined, compression.codings);
      context.trace?.push({ stage: 'compress', decision: `${accepted.coding ?? 'nothing'} is accepted` });
      if (context.dryRun) return next();
      context.sink = new CompressingSink(compression, accepted, sinkDeps, context);
      addStrongTags(context);
      next();
    };
  },
});

/** The tags of answers were made weak by the compression, and the service knows the strong ones. */
function addStrongTags({ req, upstreamHeaders }: RequestContext): void {
  const ifMatch = req.headers['if-match'];
  if (ifMatch === undefined || !ifMatch.includes(WEAK) || ifMatch.length > MAX_IF_MATCH_CHARS) return;
  const at = upstreamHeaders.findIndex((name, index) => index % 2 === 0 && name.toLowerCase() === 'if-match');
  if (at !== -1) upstreamHeaders[at + 1] = withStrongTags(upstreamHeaders[at + 1] as string);
}
