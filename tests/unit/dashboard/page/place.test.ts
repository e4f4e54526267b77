import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { linkOfEvidence, linkOfNotice, linkTo, readPlace } from '../../../../src/dashboard/page/place.ts';

describe('readPlace', () => {
  it('reads what linkTo has written, whatever a route is called', () => {
    for (const name of ['/api/users', 'a b', '100%', 'é?x=1&y#z', '../..', '\'"><script>']) {
      const { page, name: read, query } = readPlace(linkTo('routes', name, { code: name }));
      assert.deepEqual([page, read, query['code']], ['routes', name, name]);
    }
  });

  it('is the overview where nothing is said', () => {
    for (const hash of ['', '#', '#/']) assert.deepEqual(readPlace(hash), { page: '', name: undefined, query: {} });
  });

  it('takes what can not be decoded as it stands', () => {
    assert.equal(readPlace('#/routes/%E0%A4').name, '%E0%A4');
  });
});

describe('linkOfNotice', () => {
  it('leads to what the notice speaks of', () => {
    assert.equal(linkOfNotice('service/orders'), '#/services/orders');
    assert.equal(linkOfNotice('route//api/users'), '#/routes/%2Fapi%2Fusers');
    assert.equal(linkOfNotice('consumer/mobile app'), '#/requests?consumer=mobile+app');
    assert.equal(linkOfNotice('reloads'), '#/reloads');
    for (const none of [null, undefined, '']) assert.equal(linkOfNotice(none), undefined);
  });
});

describe('linkOfEvidence', () => {
  it('leads to the requests that show it, and nowhere else', () => {
    assert.equal(linkOfEvidence('requests?service=a b&code=x'), '#/requests?service=a+b&code=x');
    assert.equal(linkOfEvidence('https://evil.example/'), '#/https:/%2Fevil.example%2F');
    for (const none of [null, undefined, '']) assert.equal(linkOfEvidence(none), undefined);
  });
});
