import { contextOf } from '../context.ts';
import { GatewayError } from '../errors.ts';
import { defineStage } from '../stage.ts';

/** Ends the implicit route: what no route matches is refused with the reason that the matching found. */
export const refuseStage = defineStage({
  name: 'refuse',
  create(_options, route) {
    if (route.matched) return undefined;
    return function refuse(req, _res, next) {
      next(contextOf(req).refusal ?? new GatewayError('not_found'));
    };
  },
});
