import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isHttpToOutside } from '../../../src/audit/hosts.ts';

test('plain http to a host on the internet is seen, by name and by address', () => {
  for (const url of [
    'http://api.example.com',
    'http://api.example.com.:80/x',
    'http://203.0.113.7',
    'http://[2001:db8::1]',
  ])
    assert.equal(isHttpToOutside(url), true, url);
});

test('https, and http within a machine, a cluster or an office, are not', () => {
  for (const url of [
    'https://api.example.com',
    'http://localhost:4001',
    'http://127.0.0.1',
    'http://[::1]:80',
    'http://10.1.2.3',
    'http://192.168.0.1',
    'http://[fd00::1]',
    'http://orders',
    'http://orders.default.svc',
    'http://orders.default.svc.cluster.local:8080',
    'http://orders.service.consul',
    'http://host.docker.internal',
    'not a url',
  ])
    assert.equal(isHttpToOutside(url), false, url);
});
