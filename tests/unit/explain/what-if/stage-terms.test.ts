import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Dealt, dealtWith } from '../../../../src/explain/what-if/stage-terms.ts';
import { STAGES } from '../../../../src/stages.ts';

const named = (dealt: Dealt): string[] => STAGES.map(({ name }) => name).filter((name) => dealtWith(name) === dealt);

test('the stages that decide by request and caller alone are judged, in their order', () => {
  assert.deepEqual(
    named('judged').join(' '),
    'sanitizeHeaders cors requestId preflight errors refuse deprecation ipAccess maintenance authenticate authorize bodyLimit validate respond redirect idempotency request',
  );
});

test('limits, and what lets everything pass, are told from their words', () => {
  assert.deepEqual(named('limit'), ['gatewayLimit', 'concurrency', 'rateLimit']);
  assert.deepEqual(named('silent'), ['accessLog', 'addressBan', 'callerBan']);
  assert.equal(dealtWith('forward'), 'told');
});

test('a stage that is not named is none whose decision is foretold', () => {
  assert.equal(dealtWith('graphql'), 'unknowable');
  assert.equal(dealtWith('tenant'), 'own');
});
