import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { ask, askRaw } from '../support/http.ts';
import { type StubService, startService } from '../support/service.ts';

// What was checked must be what the service reads: wherever two parsers read two things out of one text, the gateway
// and the service may be these two.
const ROLE = {
  type: 'object',
  properties: { role: { enum: ['user'] }, count: { type: 'integer', maximum: 10 } },
  additionalProperties: false,
};

async function start(t: TestContext, validate: object = { body: ROLE }): Promise<[TestGateway, StubService]> {
  const service = await startService(t);
  const gateway = await startGateway(t, {
    file: { routes: [{ prefix: '/x', target: service.url, auth: 'none', validate }] },
  });
  return [gateway, service];
}

const post = (gateway: TestGateway, body: string | Buffer, type = 'application/json') =>
  ask(`${gateway.url}/x`, { method: 'POST', headers: { 'content-type': type }, body });

test('a key that stands twice is refused, however it is written', async (t) => {
  const [gateway, service] = await start(t);
  for (const body of [
    '{"role":"admin","role":"user"}',
    '{"role":"user","role":"admin"}',
    '{"ro\\u006ce":"admin","role":"user"}',
  ]) {
    const answer = await post(gateway, body);
    assert.deepEqual(answer.json.errors, [{ in: 'body', pointer: '/role', detail: 'must be written once' }]);
  }
  assert.equal(service.requests.length, 0);
});

test('bytes that are no UTF-8, and other charsets, are refused', async (t) => {
  const [gateway, service] = await start(t);
  assert.equal((await post(gateway, Buffer.from('{"role":"user","\xc0\xa2":1}', 'latin1'))).json.code, 'bad_body');
  assert.equal((await post(gateway, '{"role":"user"}', 'application/json; charset=utf-7')).status, 415);
  assert.equal((await post(gateway, '{"role":"user"}', 'application/json; charset="UTF-8"')).status, 200);
  assert.equal(service.requests.length, 1);
});

test('a name that another parser reads as one that is described is refused', async (t) => {
  const described = {
    properties: { role: { enum: ['user'] }, my_role: { enum: ['user'] }, 'ids[]': { type: 'array' } },
  };
  const [gateway, service] = await start(t, { query: described, body: described });
  for (const text of [
    'role[]=admin',
    'role%5B%5D=admin',
    'role[0]=admin',
    '[role]=admin',
    'x=1;role=admin',
    'x=1;%72ole=admin',
    ';role=admin',
    '+role=admin',
    'role+=admin',
    '%09role=admin',
    'role%00=admin',
    'role%00x=admin',
    '?role=admin',
    'my.role=admin',
    'my+role=admin',
  ]) {
    const query = await ask(`${gateway.url}/x`, { path: `/x?${text}` });
    assert.equal(query.status, 400, text);
    assert.match(query.json.errors[0].pointer, /^\/(?:my_)?role$/);
    assert.equal((await post(gateway, text, 'application/x-www-form-urlencoded')).status, 400, text);
  }
  assert.equal((await post(gateway, 'x=1;'.repeat(5000), 'application/x-www-form-urlencoded')).status, 400);
  assert.equal(service.requests.length, 0);
  for (const text of ['role=user&x[]=1&ids[]=1&ids[]=2', 'roles=1', 'x=role', 'x=1;roles=2', 'x=%3Brole=admin']) {
    assert.equal((await ask(`${gateway.url}/x`, { path: `/x?${text}` })).status, 200, text);
  }
});

test('what is not one media type fits no range of them', async (t) => {
  const [gateway, service] = await start(t, { contentTypes: ['image/*', 'application/json'] });
  for (const type of [
    'image/png, text/html',
    'image/png, application/json',
    'image/png;x=", application/json',
    'image/png;x="a" application/json',
    'image/a/b',
    'image/*',
    'image/',
    'application/json,',
    'application/json/x',
    'application/json; charset*0=utf; charset*1=-7',
    "application/json; charset*=us-ascii''utf-7",
    'application/json; charset=utf-8; charset=utf-7',
    'application/json; charset =utf-7',
  ]) {
    assert.equal((await post(gateway, '{}', type)).status, 415, type);
  }
  assert.equal(service.requests.length, 0);
  for (const type of ['image/svg+xml', 'Application/JSON ; charset="utf-8";', 'image/png;a=b;c="d, e\\"f"']) {
    assert.equal((await post(gateway, '{}', type)).status, 200, type);
  }
});

test('two types of one body are refused', async (t) => {
  const [gateway, service] = await start(t);
  const answer = await askRaw(
    gateway.port,
    'POST /x HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Type: application/json\r\n' +
      'Content-Length: 9\r\nConnection: close\r\n\r\nrole=user',
  );
  assert.match(answer, /^HTTP\/1\.1 415/);
  assert.equal(service.requests.length, 0);
});

test('no key of an object gets past the schema by being one of every object', async (t) => {
  const [gateway, service] = await start(t);
  for (const body of ['{"__proto__":{"role":"admin"}}', '{"constructor":1}', '{"toString":1}']) {
    assert.equal((await post(gateway, body)).status, 400, body);
  }
  assert.equal((await post(gateway, '__proto__=1', 'application/x-www-form-urlencoded')).status, 400);
  assert.equal(service.requests.length, 0);
  const [asking] = await start(t, { body: { type: 'object', required: ['constructor'] } });
  assert.equal((await post(asking, '{}')).status, 400);
  const [querying] = await start(t, { query: { type: 'object', required: ['toString'] } });
  assert.equal((await ask(`${querying.url}/x`)).status, 400);
});

test('a text is a number where JSON has it be one, and nowhere else', async (t) => {
  const [gateway] = await start(t, { query: { properties: { n: { type: 'integer', maximum: 10 } } } });
  const status = async (value: string) => (await ask(`${gateway.url}/x`, { path: `/x?n=${value}` })).status;
  for (const value of ['0x5', '+5', '%205', '5%20', '05', '5.0', '5e0', '', 'Infinity', 'NaN', '5_0', '%D9%A5']) {
    assert.equal(await status(value), 400, value);
  }
  assert.equal(await status('5'), 200);
  assert.equal(await status('-5'), 200);
});

test('a number that a double does not hold is checked as a number, and goes on as it came', async (t) => {
  const [gateway, service] = await start(t);
  for (const number of ['12345678901234567890', '1e400', '-1e400', '11.000000000000000001']) {
    assert.equal((await post(gateway, `{"count":${number}}`)).status, 400, number);
  }
  const [free, seen] = await start(t, { body: { properties: { id: { type: 'integer' } } } });
  const text = '{"id":12345678901234567890}';
  assert.equal((await post(free, text)).status, 200);
  assert.equal(seen.requests[0]?.body.toString(), text);
  assert.equal(service.requests.length, 0);
});

test('neither a value nor a secret of the schema is told', async (t) => {
  const service = await startService(t);
  const fields = {
    properties: { 'x-token': { const: '${ENV:TOKEN}' }, 'x-kind': { enum: ['${ENV:KIND}', 'b'] } },
    required: ['x-token', 'x-${ENV:NAME}'],
  };
  const body = { required: ['${ENV:TOKEN}'], properties: { kind: { enum: ['${ENV:KIND}'] } } };
  const gateway = await startGateway(t, {
    file: { routes: [{ prefix: '/x', target: service.url, auth: 'none', validate: { headers: fields, body } }] },
    env: { TOKEN: 'hidden-token', KIND: 'hidden-"kind', NAME: 'hidden/name' },
  });
  const headers = { 'x-token': 'my-password', 'x-kind': 'my-kind', 'content-type': 'application/json' };
  const answer = await ask(`${gateway.url}/x`, { method: 'POST', headers, body: '{"kind":"my-kind"}' });
  assert.equal(answer.status, 400);
  assert.equal(answer.json.errors.length, 5);
  assert.doesNotMatch(answer.text, /hidden|my-password|my-kind/);
});
