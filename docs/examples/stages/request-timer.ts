import type { ServerResponse } from 'node:http';
import type { StageMiddleware } from 'turnpike';

/** A plain middleware of Express: when the gateway began with the request, for whoever looks at a slow one. */
const requestTimer: StageMiddleware = (_req, res, next) => {
  (res as ServerResponse).setHeader('x-started', new Date().toISOString());
  next();
};

export default requestTimer;
