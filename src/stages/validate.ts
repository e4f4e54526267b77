import { contextOf, type RequestContext } from '../context.ts';
import type { ProblemEntry } from '../errors.ts';
import { defineStage } from '../stage.ts';
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
      checkSchemas(route.validate, route, ['validate'], (path, ...fault) =>
        report(['routes', index, ...path], ...fault),
      );
      yield;
    }
  },

  create({ validate: option, documents }, _route, { hidden }) {
    if (option === undefined) return undefined;
    const rules = createRequestRules(option, { documents }, (text) => hidden.hide(text));

    return function validate(req, _res, next) {
      const context = contextOf(req);
      const faults = rules.checkHead(context);
      if (!rules.concernsBody(context) || context.dryRun) {
        next(settle(context, faults));
        return;
      }
      rules.checkBody(context).then((more) => next(settle(context, [...faults, ...more])), next);
    };
  },
});

function settle(context: RequestContext, faults: readonly ProblemEntry[]) {
  context.trace?.push({ stage: 'validate', decision: describe(faults) });
  return refusalOf(faults);
}

function describe(faults: readonly ProblemEntry[]): string {
  const [first] = faults;
  if (first === undefined) return 'valid';
  const more = faults.length === 1 ? '' : ` and ${faults.length - 1} more`;
  return `refused: ${first.in} ${first.pointer ?? ''} ${first.detail}${more}`;
}
