import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { needsConsul, startConsulAgent } from '../support/consul.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { type ScriptedConsul, startScriptedConsul } from '../support/scripted-consul.ts';
import { type StubService, startService } from '../support/service.ts';
import { until } from '../support/until.ts';

const fileWith = (service: object) => ({
  services: { orders: { discover: { consul: 'orders' }, ...service } },
  routes: [{ prefix: '/api', service: 'orders', auth: 'none' }],
});

/** A service that answers with its own name. */
const startNamed = (t: TestContext, name: string): Promise<StubService> =>
  startService(t, (_req, res) => void res.end(name));

const addressOf = (service: StubService): string => `127.0.0.1:${service.port}`;

async function startWith(t: TestContext, consul: ScriptedConsul, service: object = {}): Promise<TestGateway> {
  return startGateway(t, { file: fileWith(service), env: { CONSUL_HTTP_ADDR: consul.url } });
}

/** Four callers, one request after the other each, until stopped; every answer, as `status body`. */
function keepAsking(url: string) {
  const answers: string[] = [];
  let isStopped = false;
  const call = async (): Promise<void> => {
    while (!isStopped) {
      const { status, text } = await ask(url);
      answers.push(status === 200 ? `200 ${text}` : String(status));
    }
  };
  const done = Promise.allSettled(Array.from({ length: 4 }, call));
  return {
    answers,
    /** Waits until the next answers all come from one of these. */
    async onlyFrom(names: string): Promise<number> {
      const begunAtMs = performance.now();
      await until(
        () => {
          const late = answers.slice(-20);
          return (
            names.split(' ').every((name) => late.includes(`200 ${name}`)) &&
            late.every((answer) => names.split(' ').includes(answer.slice(4)))
          );
        },
        { what: `answers from ${names} alone` },
      );
      return performance.now() - begunAtMs;
    },
    async stop(): Promise<readonly string[]> {
      isStopped = true;
      const broken = (await done).flatMap((result) => (result.status === 'rejected' ? [String(result.reason)] : []));
      return [...answers.filter((answer) => !answer.startsWith('200')), ...broken];
    },
  };
}

describe('a service found in Consul', () => {
  it('does not hold the start up when Consul takes queries and never answers', async (t) => {
    const consul = await startScriptedConsul(t);
    consul.misbehave(() => {});
    const begunAtMs = performance.now();
    const gateway = await startWith(t, consul);
    const tookMs = performance.now() - begunAtMs;
    assert.ok(tookMs < 1_500, `the start took ${tookMs} ms`);
    assert.ok(consul.queries.length > 0, 'it was asked');
    assert.equal((await ask(`${gateway.url}/api/x`)).status, 503);
  });

  it('answers from the first request on, and 503 while it has no target', async (t) => {
    const consul = await startScriptedConsul(t);
    const a = await startNamed(t, 'a');
    consul.publish([addressOf(a)]);
    const gateway = await startWith(t, consul);
    assert.equal((await ask(`${gateway.url}/api/x`)).text, 'a');
    const empty = await startScriptedConsul(t);
    empty.publish([]);
    const without = await startWith(t, empty);
    const refused = await ask(`${without.url}/api/x`);
    assert.equal(refused.status, 503);
    assert.equal(refused.json.code, 'no_target');
    assert.ok(Number(refused.headers['retry-after']) > 0);
    empty.publish([addressOf(a)]);
    await until(async () => (await ask(`${without.url}/api/x`)).status === 200);
  });

  it('gets its traffic where Consul says within a second, and no request is lost on the way', async (t) => {
    const consul = await startScriptedConsul(t);
    const [a, b] = await Promise.all([startNamed(t, 'a'), startNamed(t, 'b')]);
    consul.publish([addressOf(a)]);
    const gateway = await startWith(t, consul, { balance: 'round-robin', slowStart: '0ms' });
    const load = keepAsking(`${gateway.url}/api/x`);
    for (const [list, names] of [
      [[a, b], 'a b'],
      [[b], 'b'],
      [[a], 'a'],
    ] as const) {
      await until(() => consul.held === 1);
      consul.publish(list.map(addressOf));
      const tookMs = await load.onlyFrom(names);
      assert.ok(tookMs < 1_000, `${names} took ${tookMs} ms`);
    }
    await consul.stop();
    await load.onlyFrom('a');
    assert.deepEqual(await load.stop(), []);
  });

  it('finishes an answer that is under way when its target leaves', async (t) => {
    const consul = await startScriptedConsul(t);
    const finish = Promise.withResolvers<void>();
    const slow = await startService(t, (_req, res) => {
      res.write('begun, ');
      void finish.promise.then(() => res.end('ended'));
    });
    const b = await startNamed(t, 'b');
    consul.publish([addressOf(slow)]);
    const gateway = await startWith(t, consul);
    const answer = ask(`${gateway.url}/api/x`);
    await until(() => slow.requests.length === 1);
    await until(() => consul.held === 1);
    consul.publish([addressOf(b)]);
    await until(async () => (await ask(`${gateway.url}/api/x`)).text === 'b');
    finish.resolve();
    assert.equal((await answer).text, 'begun, ended');
  });

  it('keeps its targets over a reload that changes how they are balanced', async (t) => {
    const consul = await startScriptedConsul(t);
    const a = await startNamed(t, 'a');
    consul.publish([addressOf(a)]);
    const gateway = await startWith(t, consul);
    const load = keepAsking(`${gateway.url}/api/x`);
    for (const balance of ['round-robin', 'hash', 'least-busy']) {
      await gateway.reload(fileWith({ balance }));
      await load.onlyFrom('a');
    }
    assert.deepEqual(await load.stop(), []);
    await until(() => consul.held === 1);
    assert.equal(consul.queries.length, 2, 'one query after the other, whatever was reloaded');
  });
});

describe('a service found in a real Consul', needsConsul, () => {
  it('serves on while the agent is killed and comes back empty', async (t) => {
    const agent = await startConsulAgent(t);
    const [a, b] = await Promise.all([startNamed(t, 'a'), startNamed(t, 'b')]);
    const register = (service: StubService, id: string) => agent.register({ name: 'orders', id, port: service.port });
    await register(a, 'a');
    const gateway = await startGateway(t, {
      file: fileWith({ balance: 'round-robin', slowStart: '0ms' }),
      env: { CONSUL_HTTP_ADDR: agent.url },
    });
    const load = keepAsking(`${gateway.url}/api/x`);
    await load.onlyFrom('a');
    await register(b, 'b');
    await load.onlyFrom('a b');
    await agent.kill();
    await load.onlyFrom('a b');
    await agent.start();
    await load.onlyFrom('a b');
    await register(b, 'b');
    // One alone has registered again: it must not get all traffic at once.
    const seen = load.answers.length;
    await until(() => load.answers.length > seen + 200);
    await load.onlyFrom('a b');
    assert.deepEqual(await load.stop(), []);
  });
});
