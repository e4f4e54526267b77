import type { Request, RequestHandler, Response } from 'express';
import type { RequestContext } from '../context.ts';

/**
 * Walks a request through the handlers of its route, first to last. Whatever a handler hands to `next`, throws or
 * rejects with is told to the sink, once.
 */
export function walk(context: RequestContext, handlers: readonly RequestHandler[]): void {
  const req = context.req as Request;
  const res = context.res as Response;
  let index = 0;
  let isGoingOn = true;

  function next(error?: unknown): void {
    isGoingOn = true;
    context.span?.goesOn(error);
    if (error !== undefined && error !== null) {
      context.refusedBy = handlers[index - 1]?.name;
      index = handlers.length;
      fail(context, error);
      return;
    }
    if (isOver(res)) return;
    const handler = handlers[index++];
    if (handler === undefined) {
      endUnanswered(context);
      return;
    }
    hand(handler);
  }

  function hand(handler: RequestHandler): void {
    const { span } = context;
    const sinceMs = span === undefined ? 0 : performance.now();
    const at = index;
    isGoingOn = false;
    try {
      const result: unknown = handler(req, res, next);
      if (result instanceof Promise) result.catch(next);
    } catch (thrown) {
      next(thrown);
    }
    if (span !== undefined && index === at && !isGoingOn && !isOver(res)) span.waits(handler.name, sinceMs);
  }

  next();
}

/** While a stage waited the client may have left, or the door have answered: the rest would work for nobody. */
function isOver({ destroyed, writableEnded }: Response): boolean {
  return destroyed || writableEnded;
}

/** The door may have answered in the meantime; what goes on behind an answer has a sink of its own. */
function fail(context: RequestContext, error: unknown): void {
  if (!context.res.writableEnded || context.goesOnBehind) context.sink.fail(context, error);
}

/** An explanation asks nobody, so nobody answers; otherwise it is a bug. */
function endUnanswered(context: RequestContext): void {
  if (context.dryRun) context.sink.end(context, undefined);
  else context.sink.fail(context, new Error('no stage answered'));
}
