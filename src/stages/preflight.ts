import { answerOwn } from '../answer/own.ts';
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
      if (context.dryRun) {
        // What stands behind would ask for the credential that a preflight never has.
        context.trace?.push({ stage: 'preflight', decision: 'answers 204 by itself', facts: { answers: 204 } });
        context.sink.end(context, undefined);
        return;
      }
      answerOwn(context, 204, {}, '');
    };
  },
});
