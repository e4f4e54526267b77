import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask } from '../support/http.ts';
import { stageSource, startOwn } from '../support/own-modules.ts';

const HOOK = `request(c) {
  const fail = () => { throw new Error('mine'); };
  const what = c.query.get('do');
  if (what === 'then') return { then: fail };
  if (what === 'getter') return Object.defineProperty({}, 'then', { get: fail });
  if (what === 'message') throw Object.defineProperty(new Error('m'), 'message', { get: fail });
  if (what === 'stack') throw Object.defineProperty(new Error('m'), 'stack', { get: fail });
}`;

test('whatever a stage throws is its failure, and onError says what becomes of the request', async (t) => {
  for (const onError of ['open', 'closed']) {
    const { gateway } = await startOwn(t, stageSource(HOOK, `onError: '${onError}',`));
    for (const what of ['then', 'getter', 'message', 'stack']) {
      const { status, json } = await ask(`${gateway.url}/a?do=${what}`);
      assert.deepEqual([status, json.code], onError === 'open' ? [200, undefined] : [500, 'stage_failed'], what);
    }
    assert.match(await gateway.metrics(), /failures_total\{stage="probe",reason="threw"\} 4/);
  }
});

test('fields that can not be read fail no log line', async (t) => {
  const { gateway } = await startOwn(
    t,
    stageSource("request(c) { c.log.info('mine', { a: { toJSON() { throw new Error('b'); } }, c: 1 }); }"),
  );
  assert.equal((await ask(`${gateway.url}/a`)).status, 200);
  assert.ok(gateway.messages.some((line) => line.includes('mine') && line.includes('"c":1')));
});
