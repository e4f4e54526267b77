import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { describe, it } from 'node:test';
import { startGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { startService } from '../support/service.ts';
import { startStubProcess } from '../support/stub-process.ts';
import { until } from '../support/until.ts';

const CALLERS = 8;

/** Callers that GET again and again; every answer with how long it took, in milliseconds. */
function keepAsking(url: string) {
  const answers: { readonly status: number; readonly text: string; readonly tookMs: number }[] = [];
  let isStopped = false;
  const call = async (): Promise<void> => {
    while (!isStopped) {
      const begunAtMs = performance.now();
      const { status, text } = await ask(url);
      answers.push({ status, text, tookMs: performance.now() - begunAtMs });
    }
  };
  const done = Promise.all(Array.from({ length: CALLERS }, call));
  return {
    answers,
    async stop() {
      isStopped = true;
      await done;
    },
  };
}

describe('with the defaults alone', { concurrency: 2 }, () => {
  for (const balance of ['round-robin', 'least-busy']) {
    it(`a frozen one of four targets costs GETs seconds and fails none, and thawed it is used again (${balance})`, async (t) => {
      const stubs = await Promise.all(Array.from({ length: 4 }, () => startStubProcess(t)));
      const targets = stubs.map(({ url }) => url);
      const gateway = await startGateway(t, {
        file: {
          services: { it: { targets, balance } },
          routes: [{ prefix: '/x', service: 'it', auth: 'none' }],
        },
      });
      const victim = stubs[0] as (typeof stubs)[0];
      victim.signal('SIGSTOP');
      const load = keepAsking(`${gateway.url}/x`);
      const slow = () => load.answers.filter(({ tookMs }) => tookMs > 2_500).length;
      const ejectedForMs = async (): Promise<number> =>
        (await ask(`${gateway.adminUrl}/state`)).json.targets.find(({ url }: { url: string }) => url === victim.url)
          .ejectedForMs;
      await until(async () => slow() >= 3 && (await ejectedForMs()) > 0, { timeoutMs: 60_000, what: 'its ejection' });
      if (balance === 'round-robin') {
        await until(async () => (await ejectedForMs()) === 0, { timeoutMs: 20_000, what: 'its trial' });
        await until(async () => (await ejectedForMs()) > 0, { what: 'another ejection, since the trial failed' });
      }
      victim.signal('SIGCONT');
      const thawedAtMs = performance.now();
      const thawedAt = load.answers.length;
      await until(() => load.answers.slice(thawedAt).some(({ text }) => text === String(victim.port)), {
        timeoutMs: 20_000,
        what: 'its return',
      });
      t.diagnostic(`used again after ${((performance.now() - thawedAtMs) / 1000).toFixed(1)} s`);
      assert.ok(performance.now() - thawedAtMs < 16_000);
      await load.stop();
      assert.deepEqual(
        load.answers.filter(({ status }) => status !== 200),
        [],
      );
      const slowestMs = Math.max(...load.answers.map(({ tookMs }) => tookMs));
      assert.ok(slowestMs < 6_000, `the slowest took ${slowestMs} ms`);
    });
  }

  it('a target that resets every connection from the start fails no GET', async (t) => {
    const atOnce = 50;
    const waiting: Socket[] = [];
    const resetting = await startService(t, (req) => {
      waiting.push(req.socket);
      if (resetting.requests.length >= atOnce) for (const socket of waiting.splice(0)) socket.destroy();
    });
    const good = await Promise.all(Array.from({ length: 3 }, () => startService(t)));
    const gateway = await startGateway(t, {
      file: {
        services: { it: { targets: [resetting, ...good].map(({ url }) => url), balance: 'round-robin' } },
        routes: [{ prefix: '/x', service: 'it', auth: 'none' }],
      },
    });
    const answers = await Promise.all(Array.from({ length: 4 * atOnce }, () => ask(`${gateway.url}/x`)));
    assert.deepEqual(
      answers.filter(({ status }) => status !== 200).map(({ status }) => status),
      [],
    );
  });

  it('a POST to a slow target is given its time, and so is a GET where nobody else is left', async (t) => {
    const slow = await startService(t, (_req, res) => void setTimeout(() => res.end('slow'), 3_600));
    const other = await startService(t, (_req, res) => void res.end('other'));
    const gateway = await startGateway(t, {
      file: {
        services: { pair: { targets: [slow.url, other.url], balance: 'round-robin' }, one: { targets: [slow.url] } },
        routes: [
          { prefix: '/pair', service: 'pair', auth: 'none' },
          { prefix: '/one', service: 'one', auth: 'none' },
          { prefix: '/patient', service: 'pair', auth: 'none', timeouts: { try: '30s' } },
        ],
      },
    });
    const post = () => ask(`${gateway.url}/pair`, { method: 'POST', body: 'hi' });
    const [first, second, alone] = await Promise.all([post(), post(), ask(`${gateway.url}/one`)]);
    assert.deepEqual([first.text, second.text].sort(), ['other', 'slow']);
    assert.equal(alone.text, 'slow');
    const patient = await Promise.all([ask(`${gateway.url}/patient`), ask(`${gateway.url}/patient`)]);
    assert.deepEqual(patient.map(({ text }) => text).sort(), ['other', 'slow']);
  });
});
