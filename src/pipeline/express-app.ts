import { IncomingMessage, ServerResponse } from 'node:http';
import express, { type Express, type Request, type Response } from 'express';
import { contextOf } from '../context.ts';

/** The Express application, and the classes that its server should make requests and responses from. */
export interface ExpressApp {
  readonly app: (req: IncomingMessage, res: ServerResponse) => void;
  /** For `http.createServer`: with them Express needn't change a prototype per request, which costs 9 microseconds. */
  readonly classes: {
    readonly IncomingMessage: typeof IncomingMessage;
    readonly ServerResponse: typeof ServerResponse;
  };
}

/**
 * Express with one middleware; the order of the stages is in stages.ts.
 *
 * Express 5.3 sets the prototype of every request and response, after which V8 reads all their properties the slow
 * way. When they are made from these classes the prototype is the right one already, and nothing changes. They must
 * be `class … extends` with an empty body: objects made otherwise start too small and end as dictionaries.
 */
export function createExpressApp(dispatch: (req: IncomingMessage, res: ServerResponse) => void): ExpressApp {
  class GatewayRequest extends IncomingMessage {}
  class GatewayResponse extends ServerResponse {}

  const app = express();
  adopt(app, GatewayRequest, express.request);
  adopt(app, GatewayResponse, express.response);
  // Express would compute it anew at each look, by its own idea of trust; express-rate-limit looks at every request.
  Object.defineProperty(GatewayRequest.prototype, 'ip', {
    configurable: true,
    enumerable: true,
    get: function ip(this: IncomingMessage) {
      return contextOf(this).clientAddress;
    },
  });
  app.request = GatewayRequest.prototype as unknown as typeof app.request;
  app.response = GatewayResponse.prototype as unknown as typeof app.response;
  app.disable('x-powered-by');
  app.disable('etag');
  app.use((req, res) => dispatch(req, res));

  /**
   * What Express is left with: a target that it can't parse (`http://[`), for which it would send a page of its own
   * past every stage, or a bug, whose stack it would show.
   */
  function answerRest(req: IncomingMessage, res: ServerResponse, error: unknown): void {
    if (error === undefined) dispatch(req, res);
    else fail(req, error);
  }

  return {
    app: (req, res) => app(req as Request, res as Response, (error: unknown) => answerRest(req, res, error)),
    classes: { IncomingMessage: GatewayRequest, ServerResponse: GatewayResponse as unknown as typeof ServerResponse },
  };
}

function fail(req: IncomingMessage, error: unknown): void {
  const context = contextOf(req);
  context.sink.fail(context, error);
}

/** Puts Express's methods between the class and Node's, and names the application as Express itself does. */
function adopt(app: Express, madeFrom: { readonly prototype: object }, methods: object): void {
  Object.setPrototypeOf(madeFrom.prototype, methods);
  Object.defineProperty(madeFrom.prototype, 'app', {
    configurable: true,
    enumerable: true,
    writable: true,
    value: app,
  });
}
