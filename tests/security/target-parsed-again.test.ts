import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { askRaw, statusOf } from '../support/http.ts';
import { handshakeBytes, startSocketService } from '../support/websocket.ts';
import { openWire } from '../support/wire.ts';

/**
 * The attack: a request target that the gateway reads well and a library behind it can't parse. http-proxy-middleware
 * then sends nothing and tells nobody: no answer, no deadline, a place of the service taken for ever.
 */
const TARGETS: readonly (readonly [target: string, served: string | undefined])[] = [
  ['http://e:99999/pub/a', undefined],
  ['http://e:65536/pub/a', undefined],
  ['http://:80/pub/a', undefined],
  ['http:///pub/a', undefined],
  ['http://[::1/pub/a', undefined],
  ['http://e:65535/pub/a', '/a'],
  ['http://1.2.3.4.5/pub/a', '/a'],
  ['http://256.256.256.256/pub/a', '/a'],
  ['http://a%zz/pub/a', undefined],
  ['http://xn--/pub/a', '/a'],
  ['//a:b/../pub/a', '/a'],
  ['//[/../pub/a', '/a'],
  ['//a:b/x', '/a:b/x'],
  ['//a:b/pub', '/a:b/pub'],
  ['//[/x', '/[/x'],
  ['/raw//a:b/x', '/a:b/x'],
  ['//raw/a', undefined],
];

async function setUp(t: Parameters<typeof startGateway>[0]): Promise<TestGateway> {
  const service = await startSocketService(t);
  const open = { target: service.url, auth: 'none', websocket: true };
  return startGateway(t, {
    file: {
      routes: [
        { prefix: '/pub', ...open },
        { prefix: '/raw', path: 'raw', ...open },
        { prefix: '/', ...open },
      ],
    },
  });
}

test('every target is answered, by its path or as malformed', { timeout: 60_000 }, async (t) => {
  const gateway = await setUp(t);
  for (const [target, served] of TARGETS) {
    const raw = await askRaw(gateway.port, `GET ${target} HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n`);
    assert.equal(statusOf(raw), served === undefined ? 400 : 200, `${target}: ${raw}`);
    if (served !== undefined) assert.ok(raw.includes(`{"path":"${served}",`), `${target}: ${raw}`);
  }
});

test('so is every handshake for a WebSocket', { timeout: 60_000 }, async (t) => {
  const gateway = await setUp(t);
  for (const [target, served] of TARGETS) {
    const wire = openWire(t, gateway.port);
    wire.write(handshakeBytes(target));
    const [, status] = await wire.gets(/^HTTP\/1\.1 (\d{3})/);
    assert.equal(Number(status), served === undefined ? 400 : 101, `${target}: ${wire.received}`);
  }
});
