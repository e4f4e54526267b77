import type { Request, RequestHandler, Response } from 'express';
import type { RequestContext, Sink } from '../context.ts';

const NOWHERE: Sink = { head: () => undefined, write: () => true, end: () => undefined, fail: () => undefined };

/** How a walk ended: by an error of a stage, by an answer, or with one that has to wait for something. */
export interface Walked {
  readonly error?: unknown;
  readonly by?: string | undefined;
  readonly isWaiting?: boolean;
}

/** What a handler has done by the time it returns. */
interface Stepped {
  isDone: boolean;
  error?: unknown;
}

/**
 * Walks the handlers of a route one after another, at once: what can't decide without waiting decides nothing here. It is
 * for trials of requests whose bodies are gone; `isLacking` says of a stage that has let one by that it had need of it.
 */
export function walkAtOnce(
  context: RequestContext,
  handlers: readonly RequestHandler[],
  isLacking: (stage: string) => boolean,
): Walked {
  let isEnded = false;
  context.sink = {
    ...NOWHERE,
    end() {
      isEnded = true;
    },
  };
  for (const handler of handlers) {
    const by = handler.name;
    const { isDone, error } = stepAtOnce(context, handler);
    if (error !== undefined && error !== null) return { error, by };
    if (isEnded) return { by };
    if (!isDone || isLacking(by)) return { by, isWaiting: true };
    // Its length was looked at. There is none: whoever reads it would wait for it.
    if (by === 'bodyLimit') dropBody(context);
  }
  return {};
}

function stepAtOnce(context: RequestContext, handler: RequestHandler): Stepped {
  const step: Stepped = { isDone: false };
  try {
    const late: unknown = handler(context.req as Request, context.res as Response, (error?: unknown) => {
      step.isDone = true;
      step.error = error;
    });
    if (late instanceof Promise) late.catch(() => undefined);
  } catch (error) {
    step.error = error;
  }
  return step;
}

function dropBody({ req: { headers } }: RequestContext): void {
  delete headers['content-length'];
  delete headers['transfer-encoding'];
}
