import { contextOf } from '../context.ts';
import { GatewayError } from '../errors.ts';
import { size } from '../schema-values.ts';
import { defineStage } from '../stage.ts';

/** Refuses an upload that announces more than the route takes, and tells the last stage where to stop counting. */
export const bodyLimitStage = defineStage({
  name: 'bodyLimit',
  keys: {
    bodyLimit: size({ max: '100gb' })
      .prefault('1mb')
      .describe('Largest request body, counted while it streams (413 above). Default 1mb.'),
  },
  create({ bodyLimit: maxBytes }) {
    return function bodyLimit(req, _res, next) {
      contextOf(req).maxBodyBytes = maxBytes;
      const announced = req.headers['content-length'];
      if (announced !== undefined && Number(announced) > maxBytes) {
        next(new GatewayError('body_too_large', `The body is larger than ${maxBytes} bytes.`));
        return;
      }
      next();
    };
  },
});
