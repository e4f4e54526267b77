import { z } from 'zod';
import { contextOf } from '../context.ts';
import { defineStage } from '../stage.ts';
import {
  checkHeaderEdits,
  createHeaderEdits,
  findRequestNameFault,
  headerEditsOption,
} from '../transform/header-edits.ts';

const requestOption = z.strictObject({
  headers: headerEditsOption
    .optional()
    .describe('Header fields as the service sees them: remove, rename, set, add, in this order.'),
});

/** Changes what the service is told. */
export const requestStage = defineStage({
  name: 'request',
  keys: { request: requestOption.optional().describe('Changes of the request on its way to the service.') },

  check(_file, routes, report) {
    routes.forEach(({ request }, index) => {
      if (request?.headers === undefined) return;
      checkHeaderEdits(request.headers, findRequestNameFault, ['routes', index, 'request', 'headers'], report);
    });
  },

  create({ request: options }) {
    const edits = createHeaderEdits(options?.headers);
    if (edits === undefined) return undefined;

    return function request(req, _res, next) {
      edits.editList(contextOf(req).upstreamHeaders);
      next();
    };
  },
});
