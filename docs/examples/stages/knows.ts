import type { IncomingMessage, ServerResponse } from 'node:http';
import type { StageMiddleware } from 'turnpike';

/** A middleware as it stood in fast-gateway: it lets those in who know the word. */
const knows: StageMiddleware = (request, response, next) => {
  const req = request as IncomingMessage;
  const res = response as ServerResponse;
  if (req.headers['x-token'] === 'let-me-in') return next();
  res.statusCode = 401;
  res.end('who are you?');
};

export default knows;
