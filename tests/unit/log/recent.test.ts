import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Recent } from '../../../src/log/recent.ts';

const request = (endedAtMs: number, line = '{}') => ({ endedAtMs, line, stages: [], refusedBy: undefined });

test('the last one comes first, whatever its kind', () => {
  const recent = new Recent();
  recent.add('not_found', request(1));
  recent.add(503, request(3));
  recent.add('not_found', request(2));
  assert.deepEqual(
    recent.list().map(({ endedAtMs }) => endedAtMs),
    [3, 2, 1],
  );
});

test('a flood of one kind pushes none of another out, and all of it is bounded', () => {
  const recent = new Recent();
  recent.add('circuit_open', request(0, 'kept'));
  for (let i = 1; i <= 10_000; i += 1) recent.add('not_found', request(i));
  assert.equal(recent.list().length, 26);
  assert.equal(recent.list().at(-1)?.line, 'kept');
  for (let i = 0; i < 10_000; i += 1) recent.add(1000 + i, request(i));
  assert.ok(recent.list().length < 2600);
});
