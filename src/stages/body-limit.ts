import { GatewayError } from '../errors.ts';
import { size } from '../schema-values.ts';
import { defineStage } from '../stage.ts';

/**
 * Refuses an upload that announces more than the route takes. What announces nothing is counted while it is read, by
 * whoever reads it (body/request-body.ts); the bound holds from the match on, for stages before this one too.
 */
export const bodyLimitStage = defineStage({
  name: 'bodyLimit',
  keys: {
    bodyLimit: size({ max: '100gb' })
      .prefault('1mb')
      .describe('Largest request body, counted while it streams (413 above). Default 1mb.'),
  },
  create({ bodyLimit: maxBytes }) {
    return function bodyLimit(req, _res, next) {
      const announced = req.headers['content-length'];
      if (announced !== undefined && Number(announced) > maxBytes) {
        next(new GatewayError('body_too_large', `The body is larger than ${maxBytes} bytes.`));
        return;
      }
      next();
    };
  },
});
