import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GatewayError } from '../../../src/errors.ts';
import { maintenanceStage } from '../../../src/stages/maintenance.ts';
import { compile, createDeps, createRequest, run } from '../../support/auth.ts';

async function secondsOf(maintenance: unknown, nowMs: number): Promise<number | undefined> {
  const { deps } = createDeps();
  const stage = compile(maintenanceStage, { options: { maintenance }, deps: { ...deps, clock: { now: () => nowMs } } });
  const error = await run(stage, createRequest({}));
  assert.ok(error instanceof GatewayError);
  return error.extras?.retryAfterSeconds;
}

test('Retry-After counts down to a time, and falls back to a minute when that has passed', async () => {
  const at = Date.parse('2027-01-31T06:00:00Z');
  const closed = { retryAfter: '2027-01-31T06:00:00Z' };
  assert.equal(await secondsOf(closed, at - 90_500), 91);
  assert.equal(await secondsOf(closed, at), 60);
  assert.equal(await secondsOf({ retryAfter: '10ms' }, at), 1);
  assert.equal(await secondsOf(true, at), 60);
});
