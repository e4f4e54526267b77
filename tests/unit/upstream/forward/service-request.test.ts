import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { test } from 'node:test';
import { RequestContext } from '../../../../src/context.ts';
import {
  failureOf,
  joinBase,
  judgedOutcome,
  renewField,
  shortenTimeouts,
  tellTimeLeft,
} from '../../../../src/upstream/forward/service-request.ts';

const OWN = { connect: 2_000, headers: 15_000, try: 3_000, idle: 60_000, stream: 300_000, total: 30_000 };

/** What a caller's wish makes of the route's deadlines, and what the service is told of it. */
function shorten(asked: string | undefined) {
  const req = { method: 'GET', headers: { 'x-request-timeout-ms': asked } } as unknown as IncomingMessage;
  const context = new RequestContext(req, {} as ServerResponse);
  return { timeouts: shortenTimeouts(OWN, context), told: context.upstreamHeaders };
}

test("a path is joined to the target's own with one slash, and with none at the end that the client did not send", () => {
  assert.equal(joinBase('', '/users?a=1', true), '/users?a=1');
  assert.equal(joinBase('/v1', '/users/7', false), '/v1/users/7');
  assert.equal(joinBase('/v1', '/', false), '/v1');
  assert.equal(joinBase('/v1', '/?a=1', false), '/v1?a=1');
  assert.equal(joinBase('/v1', '/', true), '/v1/');
  assert.equal(joinBase('/v1', '/?a=1', true), '/v1/?a=1');
});

test('a caller shortens every deadline that is longer, and the service is told what is left', () => {
  assert.deepEqual(shorten('5000'), {
    timeouts: { connect: 2_000, headers: 5_000, try: 3_000, idle: 60_000, stream: 300_000, total: 5_000 },
    told: ['X-Request-Timeout-Ms', '5000'],
  });
});

test('no caller lengthens a deadline, or takes it away', () => {
  assert.equal(shorten('999999999').timeouts.total, OWN.total);
  assert.equal(shorten('0').timeouts.total, 1);
  for (const odd of [undefined, '', '-1', '1e3', '5s', '1.5', '9999999999']) {
    assert.deepEqual(shorten(odd), { timeouts: OWN, told: [] }, odd);
  }
});

test('the service that is asked next is told the time that is left, at least a millisecond', () => {
  const headers = ['X-A', '1', 'X-Request-Timeout-Ms', '5000'];
  tellTimeLeft(headers, performance.now() + 3_000);
  assert.ok(Number(headers[3]) <= 3_000 && Number(headers[3]) > 1_000, headers[3]);
  tellTimeLeft(headers, performance.now() - 3_000);
  assert.equal(headers[3], '1');
  const others = ['X-A', '1'];
  tellTimeLeft(others, performance.now());
  assert.deepEqual(others, ['X-A', '1']);
});

test('a deadline that the caller had shortened says nothing about the service', () => {
  const asked = { ...OWN, connect: 10, headers: 10, total: 10 };
  assert.equal(judgedOutcome('headers-timeout', 12, asked, OWN), 'aborted-by-client');
  assert.equal(judgedOutcome('connect-timeout', 12, asked, OWN), 'aborted-by-client');
  const patient = { ...OWN, headers: 10_000, total: 10_000 };
  assert.equal(
    judgedOutcome('headers-timeout', 3_010, patient, OWN, true),
    'headers-timeout',
    "a try's time is the route's",
  );
  assert.equal(judgedOutcome('headers-timeout', 3_010, patient, OWN), 'aborted-by-client');
  assert.equal(
    judgedOutcome('headers-timeout', OWN.headers, asked, OWN),
    'headers-timeout',
    "the route's own is over too",
  );
  assert.equal(judgedOutcome('reset', 12, asked, OWN), 'reset');
  assert.equal(judgedOutcome('headers-timeout', 12, OWN, OWN), 'headers-timeout');
});

test('each failure is told to the client by its own code, with its cause for the log', () => {
  const cause = new Error('ECONNREFUSED');
  const { code } = failureOf('refused', cause);
  assert.equal(code, 'upstream_refused');
  assert.equal(failureOf('refused', cause).cause, cause);
  const outcomes = [
    'refused',
    'dns',
    'tls',
    'reset',
    'protocol',
    'connect-timeout',
    'headers-timeout',
    'idle-timeout',
  ] as const;
  assert.equal(new Set(outcomes.map((outcome) => failureOf(outcome, cause).code)).size, outcomes.length);
});

test('a value that is called as a field of the gateway is left alone, and so is what stands behind it', () => {
  const before = ['X-A', 'X-Request-Timeout-Ms', 'X-B', 'traceparent', 'X-C', 'c'];
  const headers = [...before, 'traceparent', '1', 'X-Request-Timeout-Ms', '5000'];
  renewField(headers, 'traceparent', '2');
  tellTimeLeft(headers, performance.now() + 1_000);
  assert.deepEqual(headers.slice(0, -1), [...before, 'traceparent', '2', 'X-Request-Timeout-Ms']);
  assert.ok(Number(headers.at(-1)) <= 1_000);
  const taken = [...before];
  renewField(taken, 'traceparent', '2');
  assert.deepEqual(taken, before);
});
