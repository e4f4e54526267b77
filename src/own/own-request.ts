import type { RequestContext } from '../context.ts';
import type { Outcome } from './define-stage.ts';

/** Hears of the end of a request. */
export interface EndListener {
  ended(context: RequestContext): void;
  /** Hears of what it has thrown there itself. */
  late(error: unknown): void;
}

/** What the own stages of one request have in common. */
interface OwnRequest {
  readonly state: Map<string, unknown>;
  readonly listeners: EndListener[];
  /** What was to be done at the end before: the log line. */
  readonly endBefore: RequestContext['end'];
}

const requests = new WeakMap<RequestContext, OwnRequest>();

/** Made with the first own stage that a request meets. */
export function ownRequestOf(context: RequestContext): Pick<OwnRequest, 'state' | 'listeners'> {
  let request = requests.get(context);
  if (request === undefined) {
    request = { state: new Map(), listeners: [], endBefore: context.end };
    requests.set(context, request);
    context.end = endOwn;
  }
  return request;
}

/** After the log line, which so is written whatever the stages do. */
function endOwn(context: RequestContext): void {
  const request = requests.get(context);
  request?.endBefore?.(context);
  for (const listener of request?.listeners ?? []) {
    try {
      listener.ended(context);
    } catch (error) {
      listener.late(error);
    }
  }
}

/** What the end is told with. */
export function outcomeOf(context: RequestContext): Outcome {
  const { status, errorCode: error, isWhole, startedAtMs, bytesIn, bytesOut, service } = context;
  return { status, error, isWhole, durationMs: performance.now() - startedAtMs, bytesIn, bytesOut, service };
}
