import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RequestContext } from '../../src/context.ts';
import type { Answerer, AnswerFields } from '../../src/sink.ts';
import { startGateway } from '../support/gateway.ts';
import { ask, askRaw, statusOf } from '../support/http.ts';
import { PassingSink, pipelineWith, stageOf } from '../support/own-stages.ts';
import { startLyingService, startService } from '../support/service.ts';

/** The bytes of a text in UTF-8, each as one character: what a test compares raw answers with. */
const utf8 = (text: string): string => Buffer.from(text).toString('latin1');

/** Field values that are not ASCII, as services send them: UTF-8, Latin-1, and bytes that are neither. */
const VALUES = [
  `attachment; filename="${utf8('ä.txt')}"`,
  'attachment; filename="\xe4.txt"',
  `inline; filename="${utf8('файл €😀.pdf')}"`,
  'inline; filename="\xff\xfe\x80"',
];

/** Heads of one answer in every order that matters, with a body whose length is told or not. */
function headsWith(value: string): [what: string, head: string][] {
  const disposition = `Content-Disposition: ${value}\r\nX-Name: ${value}\r\n`;
  return [
    ['length before', `Content-Length: 5\r\n${disposition}`],
    ['length after', `${disposition}Content-Length: 5\r\n`],
    ['chunked', `Transfer-Encoding: chunked\r\n${disposition}`],
    ['until the end', `Connection: close\r\n${disposition}`],
  ];
}

function bodyOf(head: string): string {
  return head.includes('chunked') ? '5\r\nhello\r\n0\r\n\r\n' : 'hello';
}

for (const delayMs of [0, 30]) {
  test(`header values pass byte for byte, the body ${delayMs} ms after the head`, { timeout: 60_000 }, async (t) => {
    for (const value of VALUES) {
      for (const [what, head] of headsWith(value)) {
        const service = await startLyingService(t, (socket) => {
          socket.write(`HTTP/1.1 200 OK\r\n${head}\r\n`, 'latin1');
          setTimeout(() => {
            socket.write(bodyOf(head));
            if (head.includes('close')) socket.end();
          }, delayMs);
        });
        const gateway = await startGateway(t, {
          file: { routes: [{ prefix: '/', target: service.url, auth: 'none' }] },
        });
        const raw = await askRaw(gateway.port, 'GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
        assert.equal(statusOf(raw), 200, `${what}: ${raw}`);
        for (const name of ['content-disposition', 'x-name']) {
          const line = new RegExp(`^${name}: (.*)\\r$`, 'im').exec(raw)?.[1];
          assert.equal(line, value, `${what}: ${name}`);
        }
        assert.match(raw, /hello/);
      }
    }
  });
}

test('a file called ä.txt opens no circuit', async (t) => {
  const [[, head] = ['', '']] = headsWith(VALUES[1] as string);
  const service = await startLyingService(t, (socket) => socket.write(`HTTP/1.1 200 OK\r\n${head}\r\nhello`, 'latin1'));
  const gateway = await startGateway(t, { file: { routes: [{ prefix: '/', target: service.url, auth: 'none' }] } });
  for (let call = 0; call < 12; call += 1) {
    const raw = await askRaw(gateway.port, 'GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    assert.equal(statusOf(raw), 200);
  }
});

test('bytes of a field pass to the service as they came', async (t) => {
  const service = await startLyingService(t, 'HTTP/1.1 204 No Content\r\n\r\n');
  const gateway = await startGateway(t, { file: { routes: [{ prefix: '/', target: service.url, auth: 'none' }] } });
  for (const value of VALUES) {
    const bytes = Buffer.from(`GET /x HTTP/1.1\r\nHost: a\r\nX-Name: ${value}\r\nConnection: close\r\n\r\n`, 'latin1');
    assert.equal(statusOf(await askRaw(gateway.port, bytes)), 204);
    assert.ok(service.received.join('').includes(`X-Name: ${value}\r\n`), value);
  }
});

test('what the gateway can not write is a 502, and no failure of the service', async (t) => {
  const service = await startService(t);
  const unwritable = stageOf('unwritable', (context, next) => {
    context.sink = new (class extends PassingSink {
      override head(given: RequestContext, status: number, fields: AnswerFields, answerer: Answerer): void {
        this.next.head(given, status, answerer === 'service' ? { ...fields, 'x-name': '\u0000' } : fields, answerer);
      }
    })(context.sink);
    next();
  });
  const gateway = await startGateway(t, {
    file: { routes: [{ prefix: '/', target: service.url, auth: 'none' }] },
    stages: pipelineWith('respond', unwritable),
  });
  for (let call = 0; call < 8; call += 1) {
    const answer = await ask(`${gateway.url}/x`);
    assert.deepEqual([answer.status, answer.json.code], [502, 'upstream_protocol']);
  }
  // Eight failures would have opened the circuit, and the last calls would not have reached the service.
  assert.equal(service.requests.length, 8);
  const line = await gateway.line({ path: '/x' });
  assert.equal(line['outcome'], 'protocol');
});
