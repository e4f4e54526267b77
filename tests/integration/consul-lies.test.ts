import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { consulOption, createConsulTargets } from '../../src/upstream/discovery/consul.ts';
import { addressesOf, closeAfter, discoveryDeps, followScripted, untilAddresses } from '../support/discovery.ts';
import { instanceAt, type Misbehaviour, startScriptedConsul } from '../support/scripted-consul.ts';
import { until } from '../support/until.ts';

const A = '10.0.0.1:4001';
const B = '10.0.0.2:4001';

const garbage: Misbehaviour = (_req, res) => res.end('<html>it works!</html>');
const answer500: Misbehaviour = (_req, res) => res.writeHead(500).end('No cluster leader');

describe('discovery by Consul', () => {
  it('asks for passing instances of the service, its tag and datacenter, with the token', async (t) => {
    const consul = await startScriptedConsul(t);
    consul.publish([A]);
    const deps = discoveryDeps({
      settings: { port: 3000, adminPort: 9901, consulHttpAddr: consul.url, consulHttpToken: 'secret-token' },
    });
    const source = createConsulTargets(consulOption.parse({ consul: 'or ders', tag: 'v2', datacenter: 'dc2' }), deps);
    closeAfter(t, source);
    await source.ready;
    assert.equal(addressesOf(source), A);
    assert.equal(source.state, 'ok');
    const query = consul.queries[0];
    assert.equal(query?.url.pathname, '/v1/health/service/or%20ders');
    assert.deepEqual(Object.fromEntries(query?.url.searchParams ?? []), {
      passing: '1',
      wait: '30000ms',
      tag: 'v2',
      dc: 'dc2',
    });
    assert.equal(query?.token, 'secret-token');
    await until(() => consul.held === 1, { what: 'a blocking query' });
    assert.equal(consul.queries.at(-1)?.url.searchParams.get('index'), '11');
  });

  it('hears of a change within a second, and tells it once', async (t) => {
    const { consul, source } = await followScripted(t);
    const heard: string[] = [];
    source.subscribe((specs) => heard.push(specs.map((spec) => spec.url).join(' ')));
    for (const list of [[A, B], [B], [A]]) {
      await until(() => consul.held === 1);
      consul.publish(list);
      const tookMs = await untilAddresses(source, list.join(' '));
      assert.ok(tookMs < 1_000, `${tookMs} ms`);
      // The same list with a new index is no news.
      await until(() => consul.held === 1);
      consul.publish(list);
    }
    assert.deepEqual(heard, [`http://${A} http://${B}`, `http://${B}`, `http://${A}`]);
  });

  it('starts from the beginning when the index goes backwards', async (t) => {
    const { consul, source } = await followScripted(t);
    consul.publish([A], 500);
    await until(() => consul.queries.at(-1)?.url.searchParams.get('index') === '500');
    consul.publish([B], 3);
    // A Consul that counts anew may have lost instances: those that it does not name stay for a while.
    await untilAddresses(source, `${A} ${B}`);
    const next = await until(() => {
      const last = consul.queries.at(-1);
      return last?.url.searchParams.get('index') === '500' ? undefined : last;
    });
    assert.equal(next.url.searchParams.get('index'), null, 'a query that is answered at once');
    await until(() => consul.queries.at(-1)?.url.searchParams.get('index') === '3');
  });

  it('does not storm a Consul whose index goes backwards each time, or is missing', async (t) => {
    const { consul, source } = await followScripted(t);
    let index = 1_000_000;
    consul.misbehave((_req, res) => {
      index -= 1;
      res
        .writeHead(200, index % 2 === 0 ? {} : { 'x-consul-index': String(index) })
        .end(JSON.stringify([instanceAt(A)]));
    });
    const before = consul.queries.length;
    const begunAtMs = performance.now();
    await until(() => consul.queries.length >= before + 8);
    assert.ok(performance.now() - begunAtMs > 7 * 150, 'queries keep their distance');
    assert.equal(addressesOf(source), A);
  });

  const lies: Readonly<Record<string, Misbehaviour>> = {
    garbage,
    'a 500': answer500,
    'JSON that is no list': (_req, res) => res.end('{"Service":{"Port":1}}'),
    'half an answer': (_req, res) => {
      res.writeHead(200, { 'content-length': 1000 }).write('[{"Node":');
      setImmediate(() => res.destroy());
    },
    'an answer without end': (_req, res) => {
      // On Node 26 a response whose client has left calls back with an error before it is destroyed.
      const more = (error?: Error | null): void => {
        if (!(error instanceof Error) && !res.destroyed) res.write(' '.repeat(256 * 1024), more);
      };
      more();
    },
  };
  for (const [name, lie] of Object.entries(lies)) {
    it(`keeps its targets over ${name}, says so once, and follows on afterwards`, async (t) => {
      const { consul, source, lines } = await followScripted(t);
      await until(() => consul.held === 1);
      const before = consul.queries.length;
      consul.misbehave(lie);
      await until(() => consul.queries.length >= before + 3, { what: 'another try' });
      assert.equal(addressesOf(source), A);
      assert.equal(source.state, 'stale');
      consul.publish([B]);
      consul.misbehave(undefined);
      await untilAddresses(source, B);
      assert.equal(source.state, 'ok');
      assert.equal(lines.filter((line) => line.includes('last targets are kept')).length, 1);
    });
  }

  it('gives up a query that is never answered, and asks anew', async (t) => {
    const { consul, source } = await followScripted(t, { waitMs: 200, slackMs: 100 });
    const before = consul.queries.length;
    consul.misbehave(() => {});
    await until(() => source.state === 'stale');
    consul.publish([B]);
    consul.misbehave(undefined);
    await untilAddresses(source, B);
    assert.ok(consul.queries.length > before);
  });

  it('keeps its targets while Consul is gone, and follows again when it is back with a lower index', async (t) => {
    const { consul, source, lines } = await followScripted(t);
    consul.publish([A], 900);
    await until(() => consul.held === 1);
    await consul.stop();
    await until(() => source.state === 'stale');
    assert.equal(addressesOf(source), A);
    const again = await startScriptedConsul(t, consul.port);
    again.publish([B], 5);
    const tookMs = await untilAddresses(source, `${A} ${B}`);
    assert.ok(tookMs < 2_000, `${tookMs} ms`);
    assert.ok(lines.some((line) => line.includes('answers again')));
  });

  it('asks anew from the start when the connection is another one, however soon Consul is back', async (t) => {
    const { consul, source } = await followScripted(t, { emptyGraceMs: 500 });
    await until(() => consul.held === 1);
    consul.publish([A, B], 900);
    await untilAddresses(source, `${A} ${B}`);
    // The next query is due only 200 ms after the last: by then another Consul listens there, unnoticed.
    await consul.stop();
    const again = await startScriptedConsul(t, consul.port);
    again.publish([B], 5);
    await until(() => source.state === 'stale');
    assert.equal(addressesOf(source), `${A} ${B}`, 'what the new one does not name stays for a while');
    await untilAddresses(source, B);
    assert.equal(again.queries[0]?.url.searchParams.get('index'), null);
    assert.equal(source.state, 'ok');
  });

  it('keeps its targets for a while when the service is suddenly empty, and then has none', async (t) => {
    const { consul, source } = await followScripted(t, { emptyGraceMs: 400 });
    const heard: number[] = [];
    source.subscribe((specs) => heard.push(specs.length));
    const begunAtMs = performance.now();
    consul.publish([]);
    await until(() => source.state === 'stale');
    assert.equal(addressesOf(source), A);
    await until(() => source.state === 'empty');
    assert.ok(performance.now() - begunAtMs >= 400);
    assert.deepEqual(heard, [0]);
    consul.publish([B]);
    await untilAddresses(source, B);
  });

  it('forgets the emptiness when an instance is back in time', async (t) => {
    const { consul, source } = await followScripted(t, { emptyGraceMs: 60_000 });
    const heard: number[] = [];
    source.subscribe((specs) => heard.push(specs.length));
    consul.publish([]);
    await until(() => source.state === 'stale');
    consul.publish([A]);
    await until(() => source.state === 'ok');
    assert.deepEqual(heard, [], 'nobody noticed');
  });

  it('begins without targets when Consul is down at the start, and finds them later', async (t) => {
    const consul = await startScriptedConsul(t);
    await consul.stop();
    const deps = discoveryDeps();
    const settings = { ...deps.settings, consulHttpAddr: consul.url };
    const source = createConsulTargets(consulOption.parse({ consul: 'orders' }), { ...deps, settings });
    closeAfter(t, source);
    await source.ready;
    assert.equal(source.state, 'empty');
    const again = await startScriptedConsul(t, consul.port);
    again.publish([A]);
    await untilAddresses(source, A);
  });

  it('lets go of its query when it is closed, and asks no more', async (t) => {
    const { consul, source } = await followScripted(t);
    await until(() => consul.held === 1);
    const count = consul.queries.length;
    source.close();
    await until(() => consul.held === 0, { what: 'the end of the held query' });
    consul.publish([B]);
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.equal(consul.queries.length, count);
    assert.equal(addressesOf(source), A);
  });
});
