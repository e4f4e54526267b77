import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { loadRoutesWith } from '../../../src/config/load-with.ts';
import { drawFault } from '../../../src/stages/fault.ts';
import { STAGES } from '../../../src/stages.ts';
import { configFolder, faultsOf } from '../../support/config-files.ts';

function faultsIn(t: TestContext, fault: object, env: Record<string, string> = {}): string[] {
  const folder = configFolder(t, {
    'routes.json': { routes: [{ prefix: '/x', respond: { status: 200 }, auth: 'none', fault }] },
  });
  try {
    loadRoutesWith(STAGES, `${folder}/routes.json`, { env });
    return [];
  } catch {
    return faultsOf(() => loadRoutesWith(STAGES, `${folder}/routes.json`, { env })).map(
      ({ path, message, hint }) => `${path}: ${message}${hint === undefined ? '' : ` (${hint})`}`,
    );
  }
}

/** Draws these numbers, one after the other. */
const drawing = (...numbers: number[]) => {
  let at = 0;
  return () => numbers[at++] ?? 0;
};

const options = { delay: { min: 100, max: 200 }, abort: 503, percent: 10, force: false } as const;

test('so many of a hundred are chosen, and wait between the two lengths', () => {
  assert.equal(drawFault(options, drawing(0.1)), undefined);
  assert.deepEqual(drawFault(options, drawing(0.0999, 0.5)), { delayMs: 150, abort: 503, name: 'delay+abort' });
  assert.deepEqual(drawFault({ ...options, delay: 300, abort: undefined }, drawing(0)), {
    delayMs: 300,
    abort: undefined,
    name: 'delay',
  });
  assert.deepEqual(drawFault({ ...options, delay: undefined, abort: 'reset', percent: 100 }, drawing(0.9999)), {
    delayMs: 0,
    abort: 'reset',
    name: 'abort',
  });
});

test('in production a fault refuses the file, unless it is forced', (t) => {
  const production = { NODE_ENV: 'production' };
  assert.deepEqual(faultsIn(t, { abort: 503 }, production), [
    '/routes/0/fault: is refused where NODE_ENV is "production" (take it out, or say "force": true)',
  ]);
  assert.deepEqual(faultsIn(t, { abort: 503, force: true }, production), []);
  assert.deepEqual(faultsIn(t, { abort: 503 }, { NODE_ENV: 'test' }), []);
});

test('a fault that does nothing, or can not be, is told', (t) => {
  assert.match(faultsIn(t, { percent: 10 })[0] ?? '', /does nothing/);
  assert.match(faultsIn(t, { delay: { min: '2s', max: '1s' } })[0] ?? '', /"max" is less than "min"/);
  for (const fault of [{ delay: '61s' }, { abort: 200 }, { abort: 'rest' }, { delay: '1s', percent: 0 }])
    assert.equal(faultsIn(t, fault).length, 1, JSON.stringify(fault));
});
