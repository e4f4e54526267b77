import assert from 'node:assert/strict';
import { test } from 'node:test';
import { recentSteps } from '../../../src/explain/recent-steps.ts';

const STAGES = ['cors', 'authenticate', 'rateLimit', 'forward'];

test('the stage that refused tells why, those before it what they found, and those behind it nothing', () => {
  const line = {
    status: 429,
    code: 'rate_limited',
    detail: 'Used up.',
    route: 'a',
    authMethod: 'jwt',
    subject: 'u1',
    limit: 'free 0/5',
  };
  assert.deepEqual(recentSteps({ stages: STAGES, refusedBy: 'rateLimit' }, line), [
    { stage: 'match', decisions: ['route a'], refuses: false },
    { stage: 'cors', decisions: [], refuses: false },
    { stage: 'authenticate', decisions: ['jwt ok sub=u1'], refuses: false },
    { stage: 'rateLimit', decisions: ['free 0/5', 'refused: 429 rate_limited: Used up.'], refuses: true },
    { stage: 'forward', decisions: null, refuses: false },
  ]);
});

test('an error that the service has answered is told with its target and attempts', () => {
  const line = { status: 503, route: 'a', service: 's', target: 'http://t', attempts: 2, outcome: 'status' };
  const steps = recentSteps({ stages: STAGES, refusedBy: undefined }, line);
  assert.deepEqual(steps.at(-1), {
    stage: 'forward',
    decisions: ['service s, target http://t, attempt 2: status'],
    refuses: false,
  });
});

test('what no route took is told with the route that was probably meant', () => {
  const [match] = recentSteps(
    { stages: [], refusedBy: 'refuse' },
    { status: 404, code: 'not_found', nearestRoute: '/api', nearestWants: 'hosts' },
  );
  assert.deepEqual(match?.decisions, ['no route; probably meant: /api, but for its hosts']);
});
