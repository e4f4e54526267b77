import assert from 'node:assert/strict';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { RequestContext } from '../../src/context.ts';
import type { Consumer } from '../../src/facts.ts';
import { Target } from '../../src/upstream/target.ts';
import type { Transport } from '../../src/upstream/transport.ts';

/** Targets by name and weight: `{ a: 5, b: 1 }` has the addresses http://a and http://b. */
export function createTargets(weights: Readonly<Record<string, number>>): Target[] {
  return Object.entries(weights).map(([name, weight]) => createTarget(`http://${name}`, weight));
}

/** A target that nothing can be sent to. */
export function createTarget(url: string, weight = 1): Target {
  return new Target({ url, weight }, DISCONNECTED);
}

const DISCONNECTED: Transport = { send: () => assert.fail('nothing is sent in this test'), close: () => undefined };

interface ContextFields {
  readonly headers?: Readonly<Record<string, string>>;
  readonly clientAddress?: string;
  readonly consumer?: Consumer;
}

/** A request that came over no socket. */
export function fakeContext({
  headers = {},
  clientAddress = '192.0.2.1',
  consumer,
}: ContextFields = {}): RequestContext {
  const req = new IncomingMessage(new Socket());
  Object.assign(req.headers, headers);
  const context = new RequestContext(req, new ServerResponse(req));
  context.clientAddress = clientAddress;
  context.consumer = consumer;
  return context;
}

/** The host of its address; `none` where there is no target. */
export const nameOf = (target: Target | undefined): string => new URL(target?.url ?? 'http://none').hostname;

/** How often each name occurs. */
export function countByName(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
