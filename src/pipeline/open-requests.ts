import type { IncomingMessage, ServerResponse } from 'node:http';
import { CLIENT } from '../answer/client.ts';
import { attachContext, contextOf, RequestContext } from '../context.ts';
import { createAddressResolver } from '../lib/client-address.ts';
import { OpenList } from '../lib/open-list.ts';
import type { Settings } from '../settings.ts';

/** What counts the requests that still need it. */
interface Counted {
  enter(): void;
  readonly leave: () => void;
}

/** All that are under way now. */
export interface Open extends Iterable<RequestContext> {
  readonly size: number;
  has(context: RequestContext): boolean;
}

/** The requests under way: each begins once, and ends once, whatever becomes of its answer. */
export interface OpenRequests {
  readonly open: Open;
  /** Makes the context of a request, which `snapshot` is kept for until the end. */
  begin(req: IncomingMessage, res: ServerResponse, snapshot: Counted): RequestContext;
  /** Gives everything back that the request has, and writes its line. */
  end(context: RequestContext): void;
}

export function createOpenRequests({
  trustProxy,
  errorsUrl,
}: Pick<Settings, 'trustProxy' | 'errorsUrl'>): OpenRequests {
  const addressOf = createAddressResolver(trustProxy);
  const open = new OpenList<RequestContext>();

  function end(context: RequestContext): void {
    if (!open.delete(context)) return;
    context.abort?.close();
    context.guardian?.over();
    context.websocket?.leave();
    context.places?.leave();
    context.end?.(context);
    context.snapshotDone?.();
  }

  /** The only `close` listener that every response has: the answer is complete, or the connection gone. */
  function onClose(this: ServerResponse): void {
    const context = contextOf(this.req);
    if (this.writableFinished) context.isWhole = true;
    else if (context.guardian?.clientLeft(() => end(context)) === true) return;
    end(context);
  }

  return {
    open,
    begin(req, res, snapshot) {
      const context = new RequestContext(req, res, CLIENT);
      context.errorsUrl = errorsUrl;
      attachContext(req, context);
      open.add(context);
      snapshot.enter();
      context.snapshot = snapshot;
      context.snapshotDone = snapshot.leave;
      res.on('close', onClose);
      addressOf(req, context);
      return context;
    },
    end,
  };
}
