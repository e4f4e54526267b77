import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { test } from 'node:test';
import { RequestContext } from '../../../src/context.ts';
import { noteLapsedKey } from '../../../src/lapsed-key.ts';
import { renderAccessJson } from '../../../src/log/access-line.ts';
import { renderAccessPretty } from '../../../src/log/access-pretty.ts';
import { AccessRecord } from '../../../src/log/access-record.ts';

function createRecord(
  fill: (context: RequestContext) => void = () => {},
  overrides: Partial<AccessRecord> = {},
): AccessRecord {
  const req = {
    method: 'GET',
    url: '/raw?token=secret',
    headers: { 'user-agent': 'tester "x"' },
  } as unknown as IncomingMessage;
  const context = new RequestContext(req, {} as ServerResponse);
  context.path = '/api/users';
  context.clientAddress = '203.0.113.9';
  context.requestId = context.correlationId = 'id-12345';
  fill(context);
  const record = new AccessRecord('info', context, Date.UTC(2026, 0, 2), 12.3456, 200, undefined, undefined);
  return Object.assign(record, overrides);
}

const withPath = (path: string) => (context: RequestContext) => {
  context.path = path;
};

const parse = (record: AccessRecord) => JSON.parse(renderAccessJson(record)) as Record<string, unknown>;

test('a plain request has the fields that every line has, and none that say nothing', () => {
  assert.deepEqual(parse(createRecord()), {
    time: '2026-01-02T00:00:00.000Z',
    level: 'info',
    method: 'GET',
    path: '/api/users',
    status: 200,
    clientAddress: '203.0.113.9',
    userAgent: 'tester "x"',
    requestId: 'id-12345',
    bytesIn: 0,
    bytesOut: 0,
    totalMs: 12.35,
    gatewayMs: 12.35,
  });
});

test('of a key that has ended, the line tells whose it was', () => {
  const refused = createRecord(
    (context) => {
      context.errorCode = 'invalid_credential';
      noteLapsedKey(context, { consumer: 'shop', keyId: 'spring' });
    },
    { status: 401, source: 'client' },
  );
  const { consumer, keyOwner, keyId } = parse(refused);
  assert.deepEqual({ consumer, keyOwner, keyId }, { consumer: undefined, keyOwner: 'shop', keyId: 'spring' });
});

test('a proxied request tells who called, where it went and whose time it took', () => {
  const line = parse(
    createRecord((context) => {
      context.route = { name: 'users', prefix: '/api/users' };
      context.consumer = { name: 'mobile "app"', plan: 'free', roles: [] };
      context.subject = 'u1\n';
      context.authMethod = 'api-key+jwt';
      context.attempts = 2;
      context.upstreamMs = 10;
      context.service = 'users';
      context.target = 'http://localhost:4001';
      context.outcome = 'ok';
      context.cache = 'miss';
      context.limit = { policy: 'free-1h', limit: 100, remaining: 7, resetSeconds: 60 };
      context.correlationId = 'other-id-1';
    }),
  );
  assert.equal(line['route'], 'users');
  assert.equal(line['consumer'], 'mobile "app"');
  assert.equal(line['subject'], 'u1\n');
  assert.equal(line['correlationId'], 'other-id-1');
  assert.equal(line['attempts'], 2);
  assert.equal(line['upstreamMs'], 10);
  assert.equal(line['gatewayMs'], 2.35);
  assert.equal(line['limit'], 'free-1h 7/100');
  assert.equal(line['cache'], 'miss');
});

test('a path that could not be read is logged as it came, with its secrets out and its length bounded', () => {
  assert.equal(parse(createRecord(withPath('')))['path'], '/raw?token=***');
  const long = parse(createRecord(withPath(`/${'a'.repeat(9000)}`)));
  assert.ok(String(long['path']).length < 2100);
});

test("a service's or our own fault has its cause in the line, a caller's only its code", () => {
  const fault = (context: RequestContext): void => {
    context.errorCode = 'upstream_refused';
    context.errorDetail = 'redis://:hunter2@host';
    context.cause = new Error('connect ECONNREFUSED');
  };
  const upstream = renderAccessJson(createRecord(fault, { source: 'upstream', status: 502 }));
  assert.match(upstream, /"code":"upstream_refused","source":"upstream"/);
  assert.match(upstream, /ECONNREFUSED/);
  assert.doesNotMatch(upstream, /hunter2/);
  assert.doesNotMatch(renderAccessJson(createRecord(fault, { source: 'client' })), /ECONNREFUSED/);
});

test('a client that left is told as such', () => {
  const line = parse(createRecord(undefined, { status: 499, source: 'client', aborted: 'client' }));
  assert.deepEqual([line['status'], line['code'], line['aborted']], [499, 'client_closed', 'client']);
});

// biome-ignore lint/suspicious/noControlCharactersInRegex: the gateway's own colours
const COLOUR = /\u001b\[(\d+)m/g;
const bare = (record: AccessRecord): string => renderAccessPretty(record).replace(COLOUR, '');

test('the line for the eye holds no control character but its own colour, whatever the client sent', () => {
  const line = bare(createRecord(withPath('/a\u001b[2Jb\u009b31m')));
  assert.ok([...line].every((character) => character >= ' ' && (character < '\u007f' || character > '\u009f')));
  assert.match(line, /200 GET/);
});

test('the line for the eye fits a terminal, and keeps room for the reason', () => {
  const refused = (context: RequestContext): void => {
    context.path = `/api/${'long/'.repeat(40)}`;
    context.errorCode = 'invalid_credential';
    context.errorDetail = 'The token has expired, and so on, at length.';
  };
  const line = bare(createRecord(refused, { status: 401, source: 'client' }));
  assert.equal(line.length, 80);
  assert.match(line, /^00:00:00\.000 401 GET {2}\/api\/long.*… {2}12\.3ms {2}invalid_credential: The toke/);
  const proxied = (context: RequestContext): void => {
    context.target = 'http://orders.internal.example.com:8080';
    context.subject = 'somebody-with-a-long-name';
  };
  assert.ok(bare(createRecord(proxied)).length <= 80);
  assert.equal(bare(createRecord(undefined, { totalMs: 1.04 })), '00:00:00.000 200 GET  /api/users  1.0ms');
});

test('the status has a colour of its kind', () => {
  const colourOf = (status: number) => {
    const [first] = renderAccessPretty(createRecord(undefined, { status })).matchAll(COLOUR);
    return first?.[1];
  };
  assert.deepEqual([200, 302, 404, 502].map(colourOf), ['32', '36', '33', '31']);
});

test('a denied caller has its detail in the line, with its secrets out; any other one where it says more than the code', () => {
  const fault = (code: 'invalid_credential' | 'rate_limited', detail: string) => (context: RequestContext) => {
    context.errorCode = code;
    context.errorDetail = detail;
  };
  const denied = parse(createRecord(fault('invalid_credential', 'Not tpk_abc.'), { status: 401, source: 'client' }));
  assert.equal(denied['detail'], 'Not ***.');
  const advice = 'Wait for the seconds in Retry-After.';
  const limited = parse(createRecord(fault('rate_limited', advice), { status: 429, source: 'client' }));
  assert.equal(limited['detail'], undefined);
});
