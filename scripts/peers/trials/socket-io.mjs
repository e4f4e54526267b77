import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { Server } from 'socket.io';
import { io } from 'socket.io-client';
import { listen, startBalancedRecipe, startRecipe } from '../recipe.mjs';

async function startTarget(t) {
  const http = createServer();
  const server = new Server(http);
  server.on('connection', (socket) => {
    socket.on('echo', (value, answer) => answer(value));
    socket.emit('welcome', socket.handshake.headers['x-forwarded-host']);
  });
  const target = await listen(t, http);
  t.after(() => server.close());
  return target;
}

for (const [name, options] of [
  ['polling, then the upgrade', {}],
  ['polling alone', { transports: ['polling'] }],
  ['WebSocket alone', { transports: ['websocket'] }],
]) {
  test(`socket.io: ${name}`, async (t) => {
    const gateway = await startRecipe(t, 'socket\\.io', { 'http://localhost:4001': await startTarget(t) });
    const socket = io(gateway.url, { ...options, forceNew: true, reconnection: false });
    t.after(() => socket.close());
    const [host] = await once(socket, 'welcome');
    assert.equal(host, new URL(gateway.url).host);
    if (options.transports === undefined) await once(socket.io.engine, 'upgrade');
    assert.equal(socket.io.engine.transport.name, options.transports?.[0] ?? 'websocket');
    const sent = { text: 'grüß', bytes: Buffer.alloc(200_000, 7) };
    const answer = await socket.emitWithAck('echo', sent);
    assert.equal(answer.text, sent.text);
    assert.ok(Buffer.from(answer.bytes).equals(sent.bytes));
  });
}

test('socket.io: two targets, balanced by address', async (t) => {
  const targets = [await startTarget(t), await startTarget(t)];
  const gateway = await startBalancedRecipe(t, 'socket\\.io', targets, { hash: 'address' });
  for (const transports of [['polling'], ['polling', 'websocket'], ['websocket']]) {
    const socket = io(gateway.url, { transports, forceNew: true, reconnection: false });
    t.after(() => socket.close());
    await once(socket, 'welcome');
    for (let call = 0; call < 10; call++) assert.equal(await socket.emitWithAck('echo', call), call);
  }
});
