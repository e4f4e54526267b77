import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findDigestFault } from '../../../../src/auth/signed/content-digest.ts';

const reasonOf = async (field: string, body: string) => (await findDigestFault(field, Buffer.from(body)))?.reason;

test('the digests of RFC 9530, appendices B and D, fit their bodies', async () => {
  const json = '{"hello": "world"}\n';
  const sha256 = 'sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:';
  assert.equal(await reasonOf(sha256, json), undefined);
  assert.equal(
    await reasonOf('sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:', '{"hello": "world"}'),
    undefined,
  );
  const sha512 = 'sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:';
  assert.equal(await reasonOf(sha512, '{"hello": "world"}'), undefined);
  assert.equal(await reasonOf(`md5=:AAAA:, ${sha512}`, '{"hello": "world"}'), undefined);
});

test('every known digest must fit, and one must be there', async () => {
  const right = 'sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:';
  assert.match((await reasonOf(`${right}, sha-512=:AAAA:`, '{"hello": "world"}')) ?? '', /does not fit/);
  assert.match((await reasonOf(right, '{"hello": "World"}')) ?? '', /does not fit/);
  assert.match((await reasonOf('md5=:AAAA:, __proto__', 'x')) ?? '', /malformed/);
  assert.match((await reasonOf('md5=:AAAA:, constructor=:AAAA:', 'x')) ?? '', /neither/);
  assert.match((await reasonOf('', 'x')) ?? '', /neither/);
  assert.match((await reasonOf('sha-256=abc', 'x')) ?? '', /malformed/);
});

test('a body of megabytes is hashed in slices, and comes to the same', async () => {
  const zeros = Buffer.alloc(5 * 1024 * 1024 + 1);
  const { createHash } = await import('node:crypto');
  const field = `sha-256=:${createHash('sha256').update(zeros).digest('base64')}:`;
  assert.equal(await findDigestFault(field, zeros), undefined);
});
