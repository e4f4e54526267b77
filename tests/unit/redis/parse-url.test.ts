import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressText, parseRedisUrl } from '../../../src/redis/parse-url.ts';

test('a plain URL names host, port, login and database', () => {
  const address = parseRedisUrl('redis://me:p%40ss@cache.local:6380/2');
  assert.deepEqual(address, {
    kind: 'single',
    tls: false,
    hosts: [{ host: 'cache.local', port: 6380 }],
    socketPath: undefined,
    master: undefined,
    username: 'me',
    password: 'p@ss',
    database: 2,
  });
});

test('rediss is TLS, ports have defaults, IPv6 stands in brackets', () => {
  const address = parseRedisUrl('rediss://[::1]');
  assert.equal(address.tls, true);
  assert.deepEqual(address.hosts, [{ host: '::1', port: 6379 }]);
});

test('sentinels are a list and the name of the master', () => {
  const address = parseRedisUrl('redis+sentinel://:secret@s1,s2:26380/main/3');
  assert.equal(address.kind, 'sentinel');
  assert.deepEqual(address.hosts, [
    { host: 's1', port: 26379 },
    { host: 's2', port: 26380 },
  ]);
  assert.deepEqual(
    [address.master, address.database, address.username, address.password],
    ['main', 3, undefined, 'secret'],
  );
});

test('cluster nodes are a list; a socket is a path', () => {
  assert.equal(parseRedisUrl('rediss+cluster://n1:7000,n2:7001').hosts.length, 2);
  assert.equal(parseRedisUrl('unix:///run/redis.sock').socketPath, '/run/redis.sock');
});

test('what is wrong is told without the URL, which may hold a password', () => {
  const wrong = [
    'http://u:hunter2@x',
    'redis://u:hunter2@a,b',
    'redis+sentinel://u:hunter2@a',
    'redis://u:hunter2@a:99999',
    'redis://u:hunter2@a/x',
  ];
  for (const url of wrong) {
    assert.throws(
      () => parseRedisUrl(url),
      (error: Error) => !error.message.includes('hunter2'),
      url,
    );
  }
});

test('as text, an address has no credentials', () => {
  const told = {
    'redis://me:hush@10.0.0.1:6379/2': 'redis://10.0.0.1:6379/2',
    'rediss://:hush@[::1]': 'rediss://[::1]:6379',
    'unix://:hush@/run/redis.sock': 'unix:///run/redis.sock',
    'redis+sentinel://:hush@a,b:1/mymaster/3': 'redis+sentinel://a:26379,b:1/mymaster/3',
    'redis+cluster://a:1,b:2': 'redis+cluster://a:1,b:2',
  };
  for (const [url, text] of Object.entries(told)) assert.equal(addressText(parseRedisUrl(url)), text);
});
