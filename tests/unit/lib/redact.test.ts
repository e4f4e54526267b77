import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSecretName, redactQuery, redactText, redactValue } from '../../../src/lib/redact.ts';

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
