import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { parseOpenMetrics } from '../support/open-metrics.ts';
import { startService } from '../support/service.ts';
import { watchLoop } from '../support/watch-loop.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SAMPLED = { traceparent: `00-${TRACE}-b7ad6b7169203331-01` };
const OPEN = { accept: 'application/openmetrics-text; version=1.0.0, text/plain; q=0.5' };

test('a scraper that asks for OpenMetrics is given it, with the traces of sampled requests', async (t) => {
  const service = await startService(t);
  const gateway = await startGateway(t, {
    file: {
      services: { users: { targets: [service.url] } },
      routes: [{ prefix: '/a', service: 'users', auth: 'none' }],
    },
  });
  const scrape = async () => {
    const answer = await ask(`${gateway.adminUrl}/metrics`, { headers: OPEN });
    assert.match(String(answer.headers['content-type']), /^application\/openmetrics-text; version=1\.0\.0/);
    return parseOpenMetrics(answer.text);
  };
  const exemplarsOf = (families: Awaited<ReturnType<typeof scrape>>) =>
    [...families].flatMap(([name, { samples }]) =>
      samples.flatMap(({ exemplar }) => (exemplar ? [{ name, ...exemplar }] : [])),
    );

  // Before anybody has asked for them none is kept.
  await ask(`${gateway.url}/a/1`, { headers: SAMPLED });
  assert.deepEqual(exemplarsOf(await scrape()), []);
  await ask(`${gateway.url}/a/2`);
  assert.deepEqual(exemplarsOf(await scrape()), []);

  await ask(`${gateway.url}/a/3`, { headers: SAMPLED });
  const { requestId } = (await gateway.line({ path: '/a/3' })) as unknown as { requestId: string };
  const kept = exemplarsOf(await scrape());
  assert.deepEqual(
    kept.map(({ name }) => name).sort(),
    ['gateway_duration_seconds', 'request_duration_seconds', 'requests', 'upstream_duration_seconds'].map(
      (name) => `turnpike_${name}`,
    ),
  );
  const line = (await gateway.line({ requestId })) as unknown as { traceparent: string };
  for (const { labels } of kept) {
    assert.equal(labels['trace_id'], TRACE);
    assert.equal(labels['span_id'], line.traceparent.split('-')[2]);
  }
  assert.ok(!(await ask(`${gateway.adminUrl}/metrics`)).text.includes(TRACE));
});

test('the metrics of a thousand routes hold nobody up', async (t) => {
  const routes = Array.from({ length: 1000 }, (_, i) => ({
    prefix: `/route-${i}`,
    respond: { status: 200, body: 'x' },
    auth: 'none',
  }));
  const gateway = await startGateway(t, { file: { routes } });
  await ask(`${gateway.adminUrl}/metrics`, { headers: OPEN });
  const longestPause = watchLoop(t);
  const { text } = await ask(`${gateway.adminUrl}/metrics`, { headers: OPEN });
  const longestMs = longestPause();
  assert.ok(text.split('\n').length > 30_000);
  parseOpenMetrics(text);
  t.diagnostic(`the longest pause was ${longestMs} ms`);
  // In one go it is five to ten times as long.
  assert.ok(longestMs < 40, `a pause of ${longestMs} ms`);
});
