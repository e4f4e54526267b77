import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCurl } from '../../../src/explain/curl.ts';

test('a bare URL is a GET, with the scheme that curl guesses', () => {
  assert.deepEqual(parseCurl(['localhost:3000/api?x=1']), {
    method: 'GET',
    url: 'http://localhost:3000/api?x=1',
    headers: { accept: ['*/*'] },
    body: undefined,
  });
});

test('fields, method and body are read in every spelling', () => {
  const told = parseCurl([
    '-sS',
    '-XPUT',
    '-HX-A: 1',
    '-H',
    'x-a: 2',
    '--header=X-B:3',
    '-H',
    'Accept:',
    '--data-raw',
    '{"a":1}',
    '-o',
    '/dev/null',
    'http://h/p',
  ]);
  assert.equal(told.method, 'PUT');
  assert.deepEqual(told.headers, {
    'x-a': ['1', '2'],
    'x-b': ['3'],
    'content-type': ['application/x-www-form-urlencoded'],
    accept: ['*/*'],
  });
  assert.equal(told.body, '{"a":1}');
});

test('data makes it a POST, --json sets the type, and -G puts the data into the query', () => {
  assert.equal(parseCurl(['-d', 'a=1', '-d', 'b=2', 'h/']).body, 'a=1&b=2');
  const json = parseCurl(['--json', '{}', 'h/']);
  assert.deepEqual(
    [json.method, json.headers['content-type'], json.headers['accept']],
    ['POST', ['application/json'], ['application/json']],
  );
  const got = parseCurl(['-G', '--data-urlencode', 'q=a b', 'h/?x=1']);
  assert.deepEqual([got.method, got.url, got.body], ['GET', 'http://h/?x=1&q=a%20b', undefined]);
  assert.equal(parseCurl(['-I', 'h/']).method, 'HEAD');
});

test('credentials and cookies become the fields that curl would send', () => {
  const { headers } = parseCurl(['-u', 'ann:secret', '-b', 'sid=1', '-A', 'me', '-e', 'http://r/', '-r', '0-9', 'h/']);
  assert.deepEqual(headers['authorization'], [`Basic ${Buffer.from('ann:secret').toString('base64')}`]);
  assert.deepEqual(
    [headers['cookie'], headers['user-agent'], headers['referer'], headers['range']],
    [['sid=1'], ['me'], ['http://r/'], ['bytes=0-9']],
  );
});

test('what can not be told is refused with the reason', () => {
  assert.throws(() => parseCurl(['-s']), /no URL/);
  assert.throws(() => parseCurl(['h/', 'g/']), /one URL at a time/);
  assert.throws(() => parseCurl(['-H', 'oops', 'h/']), /"oops…" is no field/);
  assert.throws(() => parseCurl(['-F', 'a=@b', 'h/']), /--form/);
});

test('what curl takes out or puts in by itself is not otherwise here', () => {
  const { headers } = parseCurl(['-A', '', '-e', 'http://r/;auto', '--compressed', 'h/']);
  assert.deepEqual(
    [headers['user-agent'], headers['referer'], headers['accept-encoding']],
    [undefined, ['http://r/'], ['deflate, gzip, br, zstd']],
  );
  assert.equal(parseCurl(['-u', 'a:b', '--digest', 'h/']).headers['authorization'], undefined);
  assert.equal(parseCurl(['h/a/../../b/./c?x=/../y']).url, 'http://h/b/c?x=/../y');
  assert.equal(parseCurl(['--path-as-is', 'h/a/../b']).url, 'http://h/a/../b');
  assert.equal(parseCurl(['--url-query', 'a=b c', 'h/p?x=1']).url, 'http://h/p?x=1&a=b%20c');
  assert.equal(parseCurl(['--request-target', '/t', 'http://h/p']).url, 'http://h/t');
  assert.equal(parseCurl(['-g', 'h/{a,b}']).url, 'http://h/{a,b}');
  for (const words of [
    ['h/{a,b}'],
    ['h/[1-3]'],
    ['-b', 'jar.txt', 'h/'],
    ['-H', '@file', 'h/'],
    ['ftp://h/'],
    ['--next', 'h/'],
  ])
    assert.throws(() => parseCurl(words), Error, words.join(' '));
});

test('options that a gateway sees nothing of take their values along, and unknown ones are refused', () => {
  const passed =
    '--pass p --tlsuser u --tlspassword q --proto =https -z1 --retry-all-errors -x http://p -m5 --no-sessionid'
      .split(' ')
      .filter((word) => word !== '-z1');
  assert.equal(parseCurl([...passed, 'h/']).url, 'http://h/');
  assert.throws(() => parseCurl(['--fooo', 'bar', 'h/']), /--fooo is no option/);
});

test('no message repeats what may be a secret', () => {
  const secret = 'hunter2hunter2';
  for (const words of [
    ['--fooo', secret, 'h/'],
    [secret, 'h/'],
    ['-H', `X-API-Key=${secret}`, 'h/'],
    ['-F', `a=${secret}`],
  ])
    assert.throws(
      () => parseCurl(words),
      ({ message }: Error) => !message.includes(secret),
      words.join(' '),
    );
});
