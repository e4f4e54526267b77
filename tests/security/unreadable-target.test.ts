import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startGateway } from '../support/gateway.ts';
import { askRaw, statusOf } from '../support/http.ts';

/**
 * The attack: a request target that Express can't parse is answered by Express itself, before any stage: no access-log
 * line, no request id, and a page that tells what the gateway is made of.
 */
test('a target that no library can parse is refused, named and logged like any other', async (t) => {
  const gateway = await startGateway(t, { file: { routes: [] } });
  for (const target of ['http://[', 'http://[::1', 'https://[::1]x/', 'http://a:b:c/', 'x://y', '*', 'http://']) {
    const lines = gateway.accessLines.length;
    const raw = await askRaw(gateway.port, `GET ${target} HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n`);
    assert.equal(statusOf(raw), 400, target);
    assert.match(raw, /content-type: application\/problem\+json/i, target);
    assert.doesNotMatch(raw, /Cannot GET|<html/i, target);
    if (!/^HTTP\/1\.1 400 Malformed request/.test(raw)) {
      assert.match(raw, /x-request-id: /i, target);
      await gateway.line({ status: 400 });
      assert.equal(gateway.accessLines.length, lines + 1, target);
    }
  }
});
