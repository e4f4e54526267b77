import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RouteWindows } from '../../../src/limits/route-windows.ts';
import { rateLimitSchema } from '../../../src/limits/schema.ts';
import { createContext } from '../../support/limits.ts';

const limitOf = (options: object) => rateLimitSchema.parse({ limit: 10, window: '1h', ...options });

test('all windows that count a call are those of the door and those of its caller', () => {
  const file = {
    rateLimits: [limitOf({ by: 'address', name: 'door' })],
    plans: { pro: { rateLimits: [limitOf({ name: 'pro' })] } },
  };
  const windows = new RouteWindows(file, [limitOf({ name: 'route' })], 'users');
  const namesFor = (plan?: string): readonly string[] =>
    windows
      .wholeOf(createContext({ consumer: 'app', ...(plan !== undefined && { plan }) }))
      .windows.map(({ name }) => name);
  assert.deepEqual(namesFor(), ['door', 'route']);
  assert.deepEqual(namesFor('pro'), ['door', 'route', 'pro']);
});

test('without a window at the door they are those of the caller, and nothing is made for it', () => {
  const windows = new RouteWindows({}, [limitOf({})], 'users');
  const context = createContext();
  assert.equal(windows.wholeOf(context), windows.of(context));
});
