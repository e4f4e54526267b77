import { contextOf, type RequestContext } from '../context.ts';
import type { ProblemEntry } from '../errors.ts';
import { Complaints } from '../lib/complaints.ts';
import { hasBody } from '../lib/has-body.ts';
import { defineStage } from '../stage.ts';
import { summarize, tellShadowed } from '../validate/explain-refusal.ts';
import { createRequestRules, refusalOf } from '../validate/request-rules.ts';
import { checkSchemas, documentsOfOption, validateOption } from '../validate/validate-option.ts';

/** Refuses what is not as the route's JSON Schemas have it: 400 `invalid_request`, with an entry for each fault. */
export const validateStage = defineStage({
  name: 'validate',
  keys: {
    validate: validateOption
      .optional()
      .describe('JSON Schemas of body, query and header fields (400 with one entry per fault).'),
  },
  shadow: { needs: ['validate'] },

  documentsOf: ({ validate }) => documentsOfOption(validate),

  *check(_file, routes, report) {
    for (const [index, route] of routes.entries()) {
      if (route.validate === undefined) continue;
      yield* checkSchemas(route.validate, route, ['validate'], (path, ...fault) =>
        report(['routes', index, ...path], ...fault),
      );
      yield;
    }
  },

  create({ validate: option, documents }, route, { hidden, log }) {
    if (option === undefined) return undefined;
    const rules = createRequestRules(option, { documents }, (text) => hidden.hide(text));
    const complaints = new Complaints((message, fields) => void log.warn(message, fields));
    const settle = (context: RequestContext, faults: readonly ProblemEntry[]) => {
      context.trace?.push({ stage: 'validate', decision: summarize(faults) });
      if (route.isShadowed === true && !context.dryRun) tellShadowed(complaints, route.name, faults);
      return refusalOf(faults);
    };

    return function validate(req, _res, next) {
      const context = contextOf(req);
      const faults = rules.checkHead(context);
      const isUndecided = context.dryRun && !hasBody(req) && rules.concernsBody(context);
      if (isUndecided) context.trace?.push({ stage: 'validate', decision: 'looks at the body, which is not here' });
      if (isUndecided || !rules.concernsBody(context)) {
        next(settle(context, faults));
        return;
      }
      rules.checkBody(context).then((more) => next(settle(context, [...faults, ...more])), next);
    };
  },
});
