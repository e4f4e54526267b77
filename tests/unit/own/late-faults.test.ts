import assert from 'node:assert/strict';
import { test } from 'node:test';
import { markPackageFile, OWN_MARK, runAs, runAsGateway, takeLateFault } from '../../../src/own/late-faults.ts';

test('an error is told to the stage whose code has begun what threw it', async () => {
  const told: unknown[] = [];
  const outside: unknown[] = [];
  const take = (error: unknown) => takeLateFault(error, (one) => outside.push(one));
  const runner = { late: (error: unknown) => void told.push(error) };
  await runAs(runner, async () => {
    await null;
    assert.ok(take('late'));
    runAsGateway(() => assert.ok(!take(new Error("the gateway's own"))));
  });
  assert.deepEqual([told, outside], [['late'], []]);
});

test('without a context, a file of a stage on the stack tells; anything else is nobodys', () => {
  const outside: unknown[] = [];
  const take = (error: unknown) => takeLateFault(error, (one) => outside.push(one));
  const error = new Error('x');
  error.stack = `Error: x\n at file:///stages/a.ts?${OWN_MARK}1:2:3`;
  assert.ok(take(error));
  assert.deepEqual(outside, [error]);
  assert.ok(!take(new Error('y')));
  assert.ok(!take('text'));
});

test('a file that a package of a stage consists of tells as well, and a stack that can not be read', () => {
  const take = (error: unknown) => takeLateFault(error, () => undefined);
  markPackageFile('/app/node_modules/pool/index.js');
  const error = new Error('x');
  error.stack = 'Error: x\n at Socket.f (/app/node_modules/pool/index.js:2:3)\n at node:net:1:1';
  assert.ok(take(error));
  error.stack = 'Error: x\n at Socket.f (file:///app/node_modules/pools/index.js:2:3)';
  assert.ok(!take(error));
  Object.defineProperty(error, 'stack', {
    get() {
      throw new Error('y');
    },
  });
  assert.ok(take(error));
});
