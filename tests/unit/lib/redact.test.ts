import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSecretName, redactPath, redactQuery, redactText, redactValue, redactWord } from '../../../src/lib/redact.ts';

test('the values of secret names in a query are replaced, the rest stays as it came', () => {
  const cases = {
    '': '',
    '?': '?',
    '?page=2&sort=name': '?page=2&sort=name',
    '?token=abc': '?token=***',
    '?a=1&api_key=abc&b=2': '?a=1&api_key=***&b=2',
    '?access_token=a&refresh_token=b': '?access_token=***&refresh_token=***',
    '?X-Amz-Signature=abc&X-Amz-Security-Token=d': '?X-Amz-Signature=***&X-Amz-Security-Token=***',
    '?apiKey=abc&clientSecret=def': '?apiKey=***&clientSecret=***',
    '?code=abc&country_code=de': '?code=***&country_code=de',
    '?%74oken=abc': '?%74oken=***',
    '?%zz=abc': '?%zz=***',
    '?password=': '?password=***',
    '?key&other': '?key&other',
    '?next=eyJhbGciOiJIUzI1NiJ9.e30.x': '?next=***',
    '?q=tpk_live_123': '?q=***',
    '?monkey=1&turkey=2&keyword=3': '?monkey=1&turkey=2&keyword=3',
    '?filter[token]=abc': '?filter[token]=***',
    '?SAMLResponse=PHNhbWw&RelayState=x': '?SAMLResponse=***&RelayState=x',
    '?SAMLRequest=fZ&SAMLart=AAQ': '?SAMLRequest=***&SAMLart=***',
    '?session_id=a&sessionid=b&sessionId=c&session-id=d': '?session_id=***&sessionid=***&sessionId=***&session-id=***',
    '?PHPSESSID=a&JSESSIONID=b': '?PHPSESSID=***&JSESSIONID=***',
    '?code_verifier=a&codeVerifier=b&oauth_verifier=c': '?code_verifier=***&codeVerifier=***&oauth_verifier=***',
    '?code_challenge=a&code_challenge_method=S256&state=b': '?code_challenge=a&code_challenge_method=S256&state=b',
    '?device_code=a&user_code=b&auth_code=c': '?device_code=***&user_code=***&auth_code=***',
    '?id_token_hint=a&login_hint=b': '?id_token_hint=***&login_hint=b',
    '?foo=Bearer%20eyJhbGciOiJIUzI1NiJ9.e30.x&a=1': '?foo=***&a=1',
    '?foo=Bearer+opaque-token&a=1': '?foo=***&a=1',
    '?foo=basic%20dXNlcjpwYXNz': '?foo=***',
    '?foo=x%2Ftpk_abc': '?foo=***',
    '?foo=x%20%65yJhbGciOiJIUzI1NiJ9.e30.x': '?foo=***',
    '?foo=tpk%5Fabc': '?foo=***',
    '?a=1&tpk_abc&b=2': '?a=1&***&b=2',
    '?a=1&tpk_abc=1': '?a=1&***',
    '?tpk_abc': '?***',
    '?next=http%3A%2F%2Fuser%3Apw%40host&a=1': '?next=***&a=1',
    '?next=http://user:pw@host&a=1': '?next=***&a=1',
    '?mail=me%40example.com&q=a%20b&next=http%3A%2F%2Fhost%2F40&basics=1&obeyJob=x':
      '?mail=me%40example.com&q=a%20b&next=http%3A%2F%2Fhost%2F40&basics=1&obeyJob=x',
    '?wresult=a&wa=wsignin1.0': '?wresult=***&wa=wsignin1.0',
    '?possession_id=1&session_state=2&zip_code=3': '?possession_id=1&session_state=2&zip_code=3',
  };
  for (const [query, redacted] of Object.entries(cases)) assert.equal(redactQuery(query), redacted, query);
});

test('a message loses passwords of URLs, bearer tokens and keys', () => {
  assert.equal(
    redactText('connect redis://user:hunter2@host:6379 failed'),
    'connect redis://user:***@host:6379 failed',
  );
  assert.equal(redactText('got Bearer abcdef123456 from x'), 'got Bearer *** from x');
  assert.equal(redactText('token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1In0.c2ln used'), 'token *** used');
  assert.equal(redactText('key tpk_abc_DEF123'), 'key ***');
  assert.equal(redactText('GET https://issuer/jwks?client_secret=abc'), 'GET https://issuer/jwks?client_secret=***');
  assert.equal(redactText('http://host:80/a@b'), 'http://host:80/a@b');
  assert.equal(
    redactText('to https://a/cb?SAMLResponse=PHNh&session_id=1&page=2 failed'),
    'to https://a/cb?SAMLResponse=***&session_id=***&page=2 failed',
  );
  assert.equal(redactText('at https://a/cb#access_token=abc&state=x'), 'at https://a/cb#access_token=***&state=x');
  assert.equal(redactText('"https://a/?%74oken=abc"'), '"https://a/?%74oken=***"');
});

test('a path loses what looks like a token, a key or the password of an address', () => {
  const token = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1In0.c2ln';
  const cases = {
    '/api/users/1': '/api/users/1',
    '/a%20b/basic/eyJ/they': '/a%20b/basic/eyJ/they',
    '/n/tpk_abc_DEF123/x': '/n/***/x',
    [`/nope/${token}`]: '/nope/***',
    [`/nope/a%2F${token}/x`]: '/nope/***/x',
    [`/nope/x_${token}`]: '/nope/x_***',
    '/nope/eyJhbGciOiJkaXIifQ..aXY.Y3Q.dGFn/x': '/nope/***/x',
    '/tpk%5Fabc/x': '/***/x',
    '/Bearer%20opaque-token/x': '/***/x',
    'http://user:PW@host/a': 'http://user:***@host/a',
    'http://user:P@W@host/a': 'http://user:***@host/a',
  };
  for (const [path, redacted] of Object.entries(cases)) assert.equal(redactPath(path), redacted, path);
  assert.equal(redactWord(`x tpk_abc ${token} y`), 'x *** *** y');
  assert.equal(redactWord('Mozilla/5.0 (X11; Linux x86_64)'), 'Mozilla/5.0 (X11; Linux x86_64)');
});

test('what looks like the start of many tokens takes no longer than any other text', () => {
  const startedAtMs = performance.now();
  for (const part of ['eyJ-', 'eyJabcde-', 'eyJ.', '://a:', 'Bearer ', 'tpk_.', '%', '@:'])
    redactPath(`/eyJ${part.repeat(50_000)}`);
  // Where each were a start of its own this would take minutes.
  assert.ok(performance.now() - startedAtMs < 5_000);
});

test('fields with secret names are replaced at any depth, and errors keep what helps', () => {
  const error = Object.assign(new Error('auth redis://:pw@h failed', { cause: new Error('Bearer abcdefgh') }), {
    code: 'X',
  });
  const redacted = redactValue({
    authorization: 'Basic abc',
    list: [{ 'x-api-key': 'k', name: 'n' }],
    password: undefined,
    count: 3n,
    error,
  }) as Record<string, never>;
  const text = JSON.stringify(redacted);
  for (const secret of ['Basic abc', '"k"', ':pw@', 'abcdefgh']) assert.ok(!text.includes(secret), secret);
  assert.match(text, /"name":"n"/);
  assert.match(text, /"code":"X"/);
});

test('a value that refers to itself ends', () => {
  const loop: Record<string, unknown> = { name: 'loop' };
  loop['self'] = loop;
  assert.doesNotThrow(() => JSON.stringify(redactValue(loop)));
});

test('names of secrets are told from words that end alike', () => {
  const secret = ['authorization', 'Cookie', 'set-cookie', 'x-api-key', 'adminToken', 'JWT_SECRET', 'passwd'];
  for (const name of [...secret, 'SAMLResponse', 'sessionId', 'session_id', 'codeVerifier', 'device_code']) {
    assert.equal(isSecretName(name), true, name);
  }
  for (const name of ['monkey', 'route', 'keys', 'statusCode', 'author', 'passenger', 'design']) {
    assert.equal(isSecretName(name), false, name);
  }
});
