import type { Request, RequestHandler, Response } from 'express';
import { renderProblem } from '../answer/problem.ts';
import type { RequestContext } from '../context.ts';
import { GatewayError } from '../errors.ts';

/**
 * Walks a request through the handlers of its route, first to last. Whatever a handler hands to `next`, throws or
 * rejects with is answered as a problem, once.
 */
export function walk(context: RequestContext, handlers: readonly RequestHandler[]): void {
  const req = context.req as Request;
  const res = context.res as Response;
  let index = 0;

  function next(error?: unknown): void {
    if (error !== undefined && error !== null) {
      index = handlers.length;
      renderProblem(context, error);
      return;
    }
    // The client may have left while a stage waited: the rest would work for nobody.
    if (res.destroyed) return;
    const handler = handlers[index++];
    if (handler === undefined) {
      renderProblem(context, new GatewayError('internal', undefined, { cause: new Error('no stage answered') }));
      return;
    }
    try {
      const result: unknown = handler(req, res, next);
      if (result instanceof Promise) result.catch(next);
    } catch (thrown) {
      next(thrown);
    }
  }

  next();
}
