import { contextOf, type RequestContext } from '../context.ts';
import { mountOf } from '../lib/mount-path.ts';
import { createPathRewriter, rewriteKeys } from '../routing/rewrite.ts';
import { oneOrMany } from '../schema-values.ts';
import { defineStage } from '../stage.ts';
import { askForWhole } from '../transform/ask-for-whole.ts';
import { EditingSink } from '../transform/editing-sink.ts';
import type { FindPathMap } from '../transform/public-urls.ts';
import { createResponseEdits, responseEditOption } from '../transform/response-edits.ts';

/** Changes what the client is told: by services, and by fixed answers. The gateway's refusals are its own. */
export const responseStage = defineStage({
  name: 'response',
  keys: {
    response: oneOrMany(responseEditOption)
      .optional()
      .describe('Changes of the answer on its way to the client; a list is done in order.'),
  },
  reads: rewriteKeys,

  create({ response: options = [], ...rewriteOptions }) {
    const edits = createResponseEdits(options);
    if (edits === undefined) return undefined;
    const onPrefix = createPathRewriter({ ...rewriteOptions, pathRewrite: undefined });
    const findPathMap: FindPathMap = (context: RequestContext) => {
      const { path, prefixLength, params } = context;
      const prefix = path.slice(0, prefixLength);
      const servicePrefix = onPrefix(prefix, prefixLength, params);
      return {
        servicePrefix: servicePrefix === '/' ? '' : servicePrefix,
        publicPrefix: prefix,
        mount: mountOf(context),
      };
    };

    return function response(req, _res, next) {
      const context = contextOf(req);
      if (edits.mayWantBody) {
        askForWhole(context.upstreamHeaders);
        // Files of a folder are answered by what the client has asked.
        delete req.headers.range;
        delete req.headers['if-range'];
      }
      context.sink = new EditingSink(edits, findPathMap, context.sink);
      next();
    };
  },
});
