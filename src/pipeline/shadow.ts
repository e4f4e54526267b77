import type { RequestHandler } from 'express';
import { contextOf } from '../context.ts';
import { GatewayError } from '../errors.ts';
import type { RouteInfo, StageDeps } from '../stage.ts';

/**
 * Lets a stage only report what it would have refused: in the access log, the metrics and the trace. A rule can so be
 * watched on real traffic before it is enforced. What is no refusal (a bug, say) stays an error.
 */
export function shadowHandler(
  handler: RequestHandler,
  stage: string,
  route: RouteInfo,
  { metrics }: StageDeps,
): RequestHandler {
  return function shadow(req, res, next) {
    // What the handler returns is a promise where it is async: the walk looks at it.
    return handler(req, res, (error?: unknown) => {
      if (!(error instanceof GatewayError)) {
        next(error);
        return;
      }
      const context = contextOf(req);
      const refusal = `${stage}:${error.code}`;
      context.shadow = context.shadow === undefined ? refusal : `${context.shadow} ${refusal}`;
      context.trace?.push({ stage, decision: `would have refused: ${error.code}` });
      if (!context.dryRun) metrics.shadowRefusals.labels(route.name, stage, error.code).inc();
      next();
    });
  };
}
