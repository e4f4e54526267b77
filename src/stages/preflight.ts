import { endAnswer, writeOwnHead } from '../answer/head.ts';
import { contextOf } from '../context.ts';
import { defineStage } from '../stage.ts';

/** Ends a CORS preflight with 204: after it has an ID and a log line, before anybody asks for a credential. */
export const preflightStage = defineStage({
  name: 'preflight',
  create() {
    return function preflight(req, _res, next) {
      const context = contextOf(req);
      if (!context.ownsCors || req.method !== 'OPTIONS') return next();
      if (req.headers.origin === undefined || req.headers['access-control-request-method'] === undefined) return next();
      if (context.dryRun) return next();
      writeOwnHead(context, 204, []);
      endAnswer(context, undefined);
    };
  },
});
