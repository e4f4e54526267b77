import assert from 'node:assert/strict';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { test } from 'node:test';
import { createProxy, type ProxyAttempt } from '../../../../src/upstream/forward/proxy.ts';
import { until } from '../../../support/until.ts';

const fine: ProxyAttempt = { target: new URL('http://10.0.0.7/'), path: '/', send: () => undefined };
const broken: ProxyAttempt = {
  ...fine,
  get target(): URL {
    throw new Error('no target');
  },
};

/** A request, and the bugs that were told of it. */
function setUp() {
  const bugs: unknown[] = [];
  const proxy = createProxy((error) => bugs.push(error));
  const socket = Object.assign(new Socket(), { server: { on: () => undefined, listeners: () => [] } });
  const req = new IncomingMessage(socket);
  return {
    req,
    bugs,
    forward: (attempt: ProxyAttempt) => proxy.forward(req, new ServerResponse(req), attempt),
    upgrade: (attempt: ProxyAttempt) =>
      proxy.upgrade(req, { socket, head: Buffer.alloc(0), ended: () => undefined }, attempt),
  };
}

/** As if somebody wrote the client's target back: http-proxy-middleware can't parse it. */
function holdUrl(req: IncomingMessage): void {
  Object.defineProperty(req, 'url', { get: () => '//[/x', set: () => undefined });
}

for (const way of ['forward', 'upgrade'] as const) {
  test(`${way}: what can't be sent is told once, and never as a success`, async () => {
    const { bugs, ...proxy } = setUp();
    proxy[way](broken);
    await until(() => bugs.length > 0);
    await new Promise(setImmediate);
    assert.equal(bugs.length, 1);
    assert.match(String(bugs[0]), /no target/);
  });

  test(`${way}: a request that is passed by is told too`, async () => {
    const { bugs, req, ...proxy } = setUp();
    holdUrl(req);
    proxy[way](fine);
    await until(() => bugs.length > 0);
    await new Promise(setImmediate);
    assert.equal(bugs.length, 1);
    assert.match(String(bugs[0]), /passed a request by/);
  });

  test(`${way}: a target that no URL parser takes is sent all the same`, async () => {
    const { bugs, req, ...proxy } = setUp();
    req.url = 'http://e:99999/x';
    const sent: string[] = [];
    proxy[way]({ ...fine, send: () => void sent.push('once') });
    await until(() => sent.length > 0);
    assert.deepEqual(sent, ['once']);
    assert.deepEqual(bugs, []);
  });
}
