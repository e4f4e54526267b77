import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it, type TestContext } from 'node:test';
import { startGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { type StubService, startService } from '../support/service.ts';
import { until } from '../support/until.ts';

/** A service with two targets, `a` and `b`; `isWell` is what a's checks and answers say. */
async function startPair(t: TestContext, service: object) {
  const mood = { isWell: true, checks: 0 };
  const a = await startService(t, (req, res) => {
    if (req.url === '/health') mood.checks += 1;
    res.writeHead(mood.isWell ? 200 : 503).end('a');
  });
  const b = await startService(t, (_req, res) => void res.end('b'));
  const gateway = await startGateway(t, {
    file: {
      services: { pair: { targets: [a.url, b.url], balance: 'round-robin', slowStart: '0ms', ...service } },
      routes: [{ prefix: '/api', service: 'pair', auth: 'none', circuitBreaker: { minimumRequests: 1000 } }],
    },
  });
  const names = async (count: number): Promise<string> => {
    const answers = [];
    for (let index = 0; index < count; index += 1) answers.push((await ask(`${gateway.url}/api/x`)).text);
    return answers.join('');
  };
  return { a, b, mood, gateway, names };
}

const callsOf = (service: StubService): number => service.requests.filter(({ path }) => path !== '/health').length;

describe('the health of targets', () => {
  it('takes a target out whose checks fail, and gives it traffic again when they pass', async (t) => {
    const check = { path: '/health', interval: '100ms', timeout: '1s' };
    const { mood, names, a } = await startPair(t, { healthCheck: check });
    await until(() => mood.checks >= 1);
    assert.match(await names(4), /^(?:ab){2}$|^(?:ba){2}$/);
    mood.isWell = false;
    await until(() => mood.checks >= 6, { what: 'three failed checks' });
    const before = callsOf(a);
    assert.equal(await names(6), 'bbbbbb');
    assert.equal(callsOf(a), before, 'nothing was even tried there');
    mood.isWell = true;
    await until(async () => (await names(2)).includes('a'));
  });

  it('takes a target out that answers 503 five times in a row, hides that from GETs, and lets it back in', async (t) => {
    const { mood, names, a } = await startPair(t, { passiveHealth: { ejectFor: '1s' } });
    mood.isWell = false;
    await until(async () => {
      assert.doesNotMatch(await names(4), /a/);
      return callsOf(a) >= 5;
    });
    const before = callsOf(a);
    assert.equal(await names(6), 'bbbbbb');
    assert.equal(callsOf(a), before, 'it is left alone');
    mood.isWell = true;
    await until(async () => (await names(2)).includes('a'), { what: 'its return' });
  });

  it('goes on checking over a reload, with one check at a time', async (t) => {
    const { mood, gateway } = await startPair(t, { healthCheck: { path: '/health', interval: '100ms' } });
    const file = JSON.parse(readFileSync(gateway.routesFile, 'utf8'));
    for (let reload = 0; reload < 10; reload += 1) {
      file.routes[0].rewritePrefix = `/v${reload}`;
      await gateway.reload(file);
    }
    const before = mood.checks;
    const begunAtMs = performance.now();
    await until(() => mood.checks >= before + 10);
    assert.ok(performance.now() - begunAtMs > 600, 'ten checks take about a second');
  });
});
