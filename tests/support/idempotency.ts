import type { TestContext } from 'node:test';
import { type Answer, type AskOptions, ask } from './http.ts';
import { type StubHandler, type StubService, startService } from './service.ts';

export interface OrderService extends StubService {
  /** Lets those go on that wait. */
  release(): void;
}

/** Makes an order of each POST, and counts them; one to `/slow` waits until it is let go. */
export async function startOrders(t: TestContext): Promise<OrderService> {
  let orders = 0;
  const waiting: (() => void)[] = [];
  const handler: StubHandler = (_req, res, { path, body }) => {
    const order = ++orders;
    const answer = (): void => {
      res.writeHead(201, { 'content-type': 'application/json', location: `/orders/${order}`, 'x-order': `${order}` });
      res.end(JSON.stringify({ order, of: body.toString() }));
    };
    if (path.startsWith('/slow')) waiting.push(answer);
    else answer();
  };
  const service = await startService(t, handler);
  return Object.assign(Object.create(null), {
    url: service.url,
    port: service.port,
    requests: service.requests,
    connections: 0,
    stop: service.stop,
    release: () => {
      for (const go of waiting.splice(0)) go();
    },
  }) as OrderService;
}

/** A POST with a key, as a client would repeat it. */
export function post(url: string, key: string | undefined, options: AskOptions = {}): Promise<Answer> {
  const { headers, ...rest } = options;
  const named = key === undefined ? {} : { 'idempotency-key': key };
  return ask(url, { method: 'POST', body: '{"n":1}', headers: { ...named, ...headers }, ...rest });
}
