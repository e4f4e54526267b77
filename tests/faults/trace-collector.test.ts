import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { describe, it, type TestContext } from 'node:test';
import { type CollectorAnswer, startCollector, takeAll, tracingEnv } from '../support/collector.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { closedPort, listenOn, startService } from '../support/service.ts';
import { until } from '../support/until.ts';

const QUICK = { OTEL_BSP_SCHEDULE_DELAY: '5', OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '4' };

async function front(t: TestContext, env: Record<string, string>): Promise<TestGateway> {
  const service = await startService(t);
  return startGateway(t, { file: { routes: [{ prefix: '/x', target: service.url, auth: 'none' }] }, env });
}

/** Asks so many times that the queue of `QUICK` would be full of it, and fails when an answer is late or wrong. */
async function askMany(gateway: TestGateway, count = 40): Promise<void> {
  for (let i = 0; i < count; i += 1) {
    const { status } = await ask(`${gateway.url}/x/${i}`, { timeoutMs: 3_000 });
    assert.equal(status, 200);
  }
}

async function spansOf(gateway: TestGateway): Promise<Record<string, number>> {
  const rows = (await gateway.metrics()).matchAll(/turnpike_trace_spans_total\{result="(\w+)"\} (\d+)/g);
  return Object.fromEntries([...rows].map(([, result, value]) => [result, Number(value)]));
}

describe('a collector of traces', { concurrency: 3 }, () => {
  it('that is not there costs no request anything, and is complained of once', async (t) => {
    const url = `http://127.0.0.1:${await closedPort()}`;
    const gateway = await front(t, { ...tracingEnv({ url }), ...QUICK, OTEL_BSP_EXPORT_TIMEOUT: '50' });
    await askMany(gateway);
    await until(async () => ((await spansOf(gateway))['failed'] ?? 0) > 8);
    const complaints = gateway.messages.filter((line) => line.includes('has not taken spans'));
    assert.equal(complaints.length, 1);
    assert.match(String(complaints[0]), /"level":"warn".*ECONNREFUSED/);
  });

  it('that never answers costs no request anything: what finds no room is dropped', async (t) => {
    const server = createServer(() => undefined);
    const url = `http://127.0.0.1:${await listenOn(server, 0)}`;
    t.after(() => {
      server.close();
      server.closeAllConnections();
    });
    const gateway = await front(t, { ...tracingEnv({ url }), ...QUICK, OTEL_BSP_MAX_QUEUE_SIZE: '8' });
    await askMany(gateway);
    // Two of each of 40 requests; eight wait, and no more than four are on their way.
    const dropped = await until(async () => {
      const spans = await spansOf(gateway);
      assert.equal(spans['exported'], undefined);
      return (spans['dropped'] ?? 0) >= 80 - 8 - 4 && spans['dropped'];
    });
    assert.ok(dropped <= 80 - 8);
    // The end of the gateway does not wait for it for long.
    const beganMs = performance.now();
    await gateway.close();
    assert.ok(performance.now() - beganMs < 8_000);
  });

  const lies: Readonly<Record<string, CollectorAnswer>> = {
    'that says 500 to all': (res) => res.writeHead(500).end('no'),
    'that says 400 to all': (res) => res.writeHead(400).end('{"message":"no"}'),
    'that sends elsewhere': (res) => res.writeHead(307, { location: 'http://127.0.0.1:9/' }).end(),
    'that hangs up': (res) => res.destroy(),
    'whose answer never ends': (res) => res.writeHead(500, { 'content-length': '1000' }).write('no'),
  };
  for (const [name, answer] of Object.entries(lies)) {
    it(`${name} costs no request anything, and is told nothing twice in vain`, async (t) => {
      const collector = await startCollector(t);
      collector.answer = answer;
      const gateway = await front(t, {
        ...tracingEnv(collector),
        ...QUICK,
        OTEL_EXPORTER_OTLP_TIMEOUT: '60',
        OTEL_BSP_EXPORT_TIMEOUT: '60',
      });
      await askMany(gateway);
      await until(async () => {
        const { failed = 0, dropped = 0 } = await spansOf(gateway);
        return failed + dropped === 80;
      });
      assert.deepEqual(collector.spans, []);
    });
  }

  it('that is busy gets the same again, later', async (t) => {
    const collector = await startCollector(t);
    collector.answer = (res, nth) => {
      if (nth === 1) res.writeHead(429, { 'retry-after': '1' }).end();
      else if (nth === 2) res.writeHead(503).end();
      else takeAll(res);
    };
    const gateway = await front(t, tracingEnv(collector));
    await ask(`${gateway.url}/x`);
    await collector.waitFor((all) => all.length === 2);
    const [first, second, third] = collector.exports;
    assert.equal(first?.text, second?.text);
    assert.equal(first?.text, third?.text);
    assert.ok((second?.atMs ?? 0) - (first?.atMs ?? 0) >= 950);
    await until(async () => (await spansOf(gateway))['exported'] === 2);
  });

  it('that lies about what it took is believed where it can be', async (t) => {
    const collector = await startCollector(t);
    const answers = ['{"partialSuccess":{"rejectedSpans":"1","errorMessage":"x"}}', '{"partialSuccess":', '[[[', ''];
    collector.answer = (res, nth) => res.writeHead(200).end(answers[nth - 1] ?? 'x'.repeat(1024 * 1024));
    const gateway = await front(t, tracingEnv(collector));
    for (let i = 1; i <= 5; i += 1) {
      await ask(`${gateway.url}/x`);
      await collector.waitFor((all) => all.length === 2 * i);
    }
    await until(async () => (await spansOf(gateway))['exported'] === 9);
    assert.equal((await spansOf(gateway))['failed'], 1);
  });

  it('that comes back later gets what came meanwhile, as far as there was room', async (t) => {
    const collector = await startCollector(t);
    let isIll = true;
    collector.answer = (res) => {
      if (isIll) res.writeHead(503).end();
      else takeAll(res);
    };
    const gateway = await front(t, tracingEnv(collector));
    await askMany(gateway, 3);
    await until(() => collector.exports.length > 1);
    isIll = false;
    const spans = await collector.waitFor((all) => all.length === 6);
    assert.equal(new Set(spans.map(({ id }) => id)).size, 6);
  });
});
