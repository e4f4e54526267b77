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
      refuse(context, error);
      return;
    }
    if (isOver(res)) return;
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

/** While a stage waited the client may have left, or the door have answered: the rest would work for nobody. */
function isOver({ destroyed, writableEnded }: Response): boolean {
  return destroyed || writableEnded;
}

function refuse(context: RequestContext, error: unknown): void {
  if (!context.res.writableEnded) renderProblem(context, error);
}
