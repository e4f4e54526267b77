import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readQuestion } from '../../../../src/dashboard/page/question.ts';

describe('readQuestion', () => {
  it('hands a curl line over as it is', () => {
    assert.deepEqual(readQuestion("  $ curl -H 'A: b' localhost:3000/x \n"), {
      curl: "curl -H 'A: b' localhost:3000/x",
    });
  });

  it('reads method and URL, fields and a body', () => {
    assert.deepEqual(readQuestion('post /api/orders HTTP/1.1\nX-A: 1\nX-A: 2\nX-B: a: b\n\n{ "x": 1 }\n\nmore'), {
      method: 'POST',
      url: '/api/orders',
      headers: { 'X-A': ['1', '2'], 'X-B': ['a: b'] },
      body: '{ "x": 1 }\n\nmore',
    });
  });

  it('takes a URL alone for a GET, and adds the scheme that is left out', () => {
    assert.deepEqual(readQuestion('api.example.com/x?y=1'), {
      method: 'GET',
      url: 'http://api.example.com/x?y=1',
      headers: {},
    });
  });

  it('keeps fields apart from what all objects have', () => {
    const { headers } = readQuestion('GET /\n__proto__: x\nconstructor: y') as { headers: object };
    assert.deepEqual(Object.entries(headers), [
      ['__proto__', ['x']],
      ['constructor', ['y']],
    ]);
  });

  it('says in words what is wrong', () => {
    assert.throws(() => readQuestion(' '), /Paste a curl line/);
    assert.throws(() => readQuestion('what is up with orders'), /is no request/);
    assert.throws(() => readQuestion('GET /x\nnonsense'), /"nonsense" is no header field/);
  });
});
