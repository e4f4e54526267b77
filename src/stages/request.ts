import { contextOf } from '../context.ts';
import { oneOrMany } from '../schema-values.ts';
import { defineStage } from '../stage.ts';
import { createRequestEdits, requestEditOption } from '../transform/request-edits.ts';

/** Changes what the service is told. */
export const requestStage = defineStage({
  name: 'request',
  keys: {
    request: oneOrMany(requestEditOption)
      .optional()
      .describe('Changes of the request on its way to the service; a list is done in order.'),
  },

  create({ request: options = [] }) {
    const edits = createRequestEdits(options);
    if (edits === undefined) return undefined;

    return function request(req, _res, next) {
      const done = edits.apply(contextOf(req));
      if (done === undefined) next();
      else done.then(() => next(), next);
    };
  },
});
