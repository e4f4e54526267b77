import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RequestContext } from '../../../src/context.ts';
import { GatewayError } from '../../../src/errors.ts';
import { parseJsonExactly } from '../../../src/lib/json-text.ts';
import { Expression, explainFault } from '../../../src/values/expression.ts';
import { ResponseFacts, type Sights } from '../../../src/values/facts.ts';
import { ExpressionFault } from '../../../src/values/faults.ts';
import type { Place } from '../../../src/values/language.ts';
import { Template, ValueTemplate } from '../../../src/values/template.ts';

const CONTEXT = {
  method: 'GET',
  path: '/api/orgs/acme',
  query: '?limit=5&tag=a&tag=b%20c',
  scheme: 'https',
  requestId: 'r-1',
  clientAddress: '192.0.2.1',
  startedAtMs: 0,
  params: { org: 'acme', name: 'a%20%2Fb', bytes: '%ff' },
  claims: { org: 'acme', level: 3, list: ['x'], nested: { a: 1 }, constructor: 'mine' },
  consumer: { name: 'app', plan: 'free', roles: [] },
  plan: 'gold',
  subject: 'u1',
  roles: ['admin'],
  scopes: [],
  req: { headers: { host: 'API.example.com.:8443', 'x-a': 'b', constructor: 'c' } },
} as unknown as RequestContext;

function evaluate(text: string, sights: Sights = {}, place: Place = 'request'): unknown {
  return new Expression(text, place).evaluate(CONTEXT, sights);
}

function faultOf(text: string, place: Place = 'request'): string {
  try {
    new Expression(text, place);
  } catch (error) {
    if (error instanceof ExpressionFault) return explainFault(text, place, error);
    throw error;
  }
  return 'none';
}

test('an expression sees the request, its caller and where it goes', () => {
  const truths = [
    'claims.org == params.org',
    'params.name == "a /b" && params.bytes == "%ff"',
    '"admin" in roles && user == "u1"',
    'consumer.name == "app" && consumer.plan == "gold"',
    'request.method == "GET" && request.path.startsWith("/api/") && request.scheme == "https"',
    'request.host == "api.example.com" && request.address == "192.0.2.1" && request.id == "r-1"',
    'request.query.limit == "5" && request.query["tag"] == "a,b c"',
    'request.headers["x-a"] == "b" && !has(request.headers.cookie)',
    'request.time > timestamp("2020-01-01T00:00:00Z")',
    'claims.level >= 3 && claims.level == 3 && int(claims.level) % 2 == 1',
    'claims.?nope.orValue("none") == "none" && issuer == ""',
    'body.items.all(i, i.price > 1) && size(body.items) == 2',
  ];
  const body = parseJsonExactly('{"items":[{"price":2},{"price":12345678901234567890}],"constructor":1}');
  for (const text of truths) assert.equal(evaluate(text, { body }), true, text);
});

test('an answer is seen where there is one', () => {
  const response = new ResponseFacts(200, { 'x-a': ['1', '2'] }, { ok: true });
  const text = 'response.status == 200 && response.headers["x-a"] == "1, 2" && response.body.ok';
  assert.equal(evaluate(text, { response }, 'response'), true);
  assert.match(faultOf('response.status == 200', 'request'), /there is no "response" here/);
});

test('what has no value refuses the request, and only the log learns why', () => {
  for (const text of ['claims.nope == "x"', 'body.items[0] == 1', 'int(user) == 1', 'claims.org + 1 == 2']) {
    assert.throws(
      () => evaluate(text),
      (error: GatewayError) => error.code === 'expression_failed' && String(error.cause).includes(text),
      text,
    );
  }
  assert.throws(() => new Expression('claims.org', 'call').holds(CONTEXT), GatewayError);
});

test('nothing is read of an object but what it has itself', () => {
  for (const text of ['claims.__proto__', 'claims.toString', 'params.constructor', 'params["hasOwnProperty"]']) {
    assert.throws(() => evaluate(text), GatewayError, text);
  }
  assert.equal(evaluate('claims.constructor'), 'mine');
  assert.equal(evaluate('request.headers["constructor"]'), 'c');
});

test('a fault says what is wrong, and where', () => {
  assert.match(faultOf('claim.org == "a"'), /there is no "claim" here, at column 1 .*did you mean claims\?/);
  assert.match(faultOf('request.heders.a == "b"'), /no such key: heders, at column 9/i);
  assert.match(faultOf('claims.org ==\n  && true'), /line 2, column 3/);
  assert.match(faultOf('user.matches("(?=a)")'), /lookaround.*column 14/);
  assert.match(faultOf(`user == "${'x'.repeat(4_000)}"`), /longer than 4000/);
  assert.match(faultOf(Array.from({ length: 300 }, () => 'true').join(' && ')), /nodes/i);
});

test('matching is linear, wherever it stands and whatever it matches', () => {
  const body = { text: `${'a'.repeat(5_000)}!` };
  const texts = [
    'body.text.matches("^(a+)+$")',
    'body.text . matches ("^(a+)+$")',
    '[body.text].exists(t, t.matches("^(a+)+$"))',
    '[body.text].filter(t, [t].all(u, u.matches("^(a+)+$"))) == ["x"]',
    'cel.bind(t, body.text, t.matches("^(a+)+$"))',
    'cel.bind(p, "^(a+)+$", body.text.matches(p))',
  ];
  for (const text of texts) assert.equal(evaluate(text, { body }), false, text);
  assert.equal(evaluate('"a.matches(b)" == \'a.matches(b)\' && r"\\d".matches(r"^.d$")'), true);
});

test('loops over what a client sends end, also inside of each other', () => {
  const body = Array.from({ length: 1_000 }, (_, index) => index);
  assert.equal(evaluate('body.all(x, x >= 0)', { body }), true);
  for (const text of [
    'body.all(x, body.all(y, x >= 0))',
    'body.map(x, body.filter(y, true)) == []',
    'body.exists(x, body.exists(y, body.exists(z, z > 2000)))',
  ]) {
    assert.throws(() => evaluate(text, { body }), /evaluated/, text);
  }
  assert.equal(evaluate('body.all(x, x >= 0)', { body }), true);
});

test('loops end in time, however much each of their rounds does', () => {
  const body = 'x,'.repeat(15_000);
  for (const text of [
    'body.split(",").all(x, x in body.split(","))',
    'body.split("").map(x, body.split("")).size() > 1',
    '(body + body).split("").exists(x, (body + body).split("").size() == 1)',
  ]) {
    const before = process.cpuUsage();
    assert.throws(() => evaluate(text, { body }), /evaluated/, text);
    const { user, system } = process.cpuUsage(before);
    assert.ok(user + system < 1_500_000, `${text} took ${user + system} µs`);
  }
});

test('the log learns why there is no value, and no value', () => {
  const body = { secret: 'sk-very-secret' };
  for (const text of [
    'duration(body.secret) > duration("1s")',
    'claims[body.secret] == 1',
    'int(body.secret) == 1',
    'timestamp(body.secret) == request.time',
    'user.matches(body.secret + "(")',
    'request.time.getHours(body.secret) == 1',
  ]) {
    assert.throws(
      () => evaluate(text, { body }),
      ({ cause }: GatewayError) => !String(cause).includes('sk-very') && String(cause).includes(text),
      text,
    );
  }
});

test('only what looks at a body asks for it', () => {
  assert.equal(new Expression('claims.body == "body"', 'request').needsBody, false);
  assert.equal(new Expression('has(body.a)', 'request').needsBody, true);
  assert.equal(new Expression('[1].all(x, body == x)', 'request').needsBody, true);
  assert.equal(new Expression('response.status == 200', 'response').needsBody, false);
  assert.equal(new Expression('has(response.body.a)', 'response').needsBody, true);
});

test('a template has values in it, and an escape', () => {
  const render = (text: string): string => new Template(text, 'request').render(CONTEXT);
  assert.equal(render('org ${claims.org}/${params.org} at $${x} $5'), 'org acme/acme at ${x} $5');
  assert.equal(
    render('${claims.level}|${claims.list}|${claims.nested}|${claims.?nope}|${1 + 1}'),
    '3|["x"]|{"a":1}||2',
  );
  assert.equal(render('${{"a": "}"}["a"]}'), '}');
  assert.throws(() => new Template('a ${user', 'request'), ExpressionFault);
  assert.equal(new Template('plain', 'request').isConstant, true);
});

test('one expression alone keeps its type in JSON', () => {
  const source = {
    level: '${claims.level}',
    many: ['${roles}', 'a ${user}'],
    big: '${9223372036854775807}',
    __proto__x: 1,
  };
  const value = new ValueTemplate(source, 'request').render(CONTEXT);
  assert.equal(JSON.stringify(value), '{"level":3,"many":[["admin"],"a u1"],"big":9223372036854775807,"__proto__x":1}');
});

test('two expressions with the same text in the same place are equal', () => {
  assert.deepEqual(new Expression('user == "a"', 'call'), new Expression('user == "a"', 'call'));
  assert.notDeepEqual(new Expression('user == "a"', 'call'), new Expression('user == "b"', 'call'));
  assert.notDeepEqual(new Template('${user}', 'call'), new Template('${issuer}', 'call'));
  assert.notDeepEqual(new ValueTemplate({ a: '${user}' }, 'call'), new ValueTemplate({ a: '${issuer}' }, 'call'));
});
