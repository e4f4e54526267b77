import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';
import { startService } from '../support/service.ts';

test('a request is answered by its service, and both sides are told the same request ID', async (t) => {
  const users = await startService(t);
  const gateway = await startGateway(t, {
    file: { routes: [{ prefix: '/api/users', target: users.url, auth: 'none' }] },
  });
  const answer = await ask(`${gateway.url}/api/users/42?full=1`);
  assert.equal(answer.status, 200);
  assert.equal(answer.json.path, '/42?full=1');
  assert.equal(answer.json.headers['x-request-id'], answer.headers['x-request-id']);
});

test('every request has one log line that tells where it went and what became of it', async (t) => {
  const users = await startService(t);
  const gateway = await startGateway(t, {
    file: { routes: [{ prefix: '/api/users', target: users.url, auth: 'none' }] },
  });
  const answer = await ask(`${gateway.url}/api/users/42?token=geheim`, { headers: { 'user-agent': 'tester' } });
  const line = await gateway.line({ requestId: answer.headers['x-request-id'] });
  assert.equal(line.status, 200);
  assert.equal(line.path, '/api/users/42?token=***');
  assert.equal(line['route'], '/api/users');
  assert.equal(line['userAgent'], 'tester');
  assert.equal(line['clientAddress'], '127.0.0.1');
  assert.equal(line['attempts'], 1);
  assert.equal(line['target'], users.url);
  assert.equal(line['bytesOut'], answer.body.length);
  assert.equal(gateway.accessLines.length, 1);
});

test('a request that no route takes is logged as well', async (t) => {
  const gateway = await startGateway(t, { file: { routes: [] } });
  const answer = await ask(`${gateway.url}/nowhere`);
  assert.equal(answer.status, 404);
  const line = await gateway.line({ path: '/nowhere' });
  assert.equal(line['code'], 'not_found');
  assert.equal(line['level'], 'info');
});

test('metrics count by route, method, status and who answered', async (t) => {
  const users = await startService(t);
  const gateway = await startGateway(t, {
    file: { routes: [{ prefix: '/api/users', target: users.url, auth: 'none' }] },
  });
  for (let i = 0; i < 3; i++) await ask(`${gateway.url}/api/users/${i}`);
  await ask(`${gateway.url}/nowhere`);
  await gateway.line({ path: '/nowhere' });
  const text = await gateway.metrics();
  assert.match(text, /turnpike_requests_total\{route="\/api\/users",method="GET",status="200",source="service"\} 3/);
  assert.match(text, /turnpike_requests_total\{route="\(none\)",method="GET",status="404",source="gateway"\} 1/);
  assert.match(text, /turnpike_refusals_total\{route="\(none\)",code="not_found"\} 1/);
  assert.doesNotMatch(text, /turnpike_refusals_total\{route="\/api\/users"/);
  assert.match(text, /turnpike_request_duration_seconds_count\{route="\/api\/users"\} 3/);
  assert.doesNotMatch(text, /nowhere/);
});
