import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startGateway } from '../support/gateway.ts';
import { ask } from '../support/http.ts';

test('what a client sends can not become markup of an error page', async (t) => {
  const body = '<!doctype html><a href="${request.path}" title=\'${request.path}\'>${request.path} ${error.detail}</a>';
  const gateway = await startGateway(t, {
    file: {
      errors: { bodies: { '4xx': [{ body }, { body: '{"p":"${request.path}"}', contentType: 'application/json' }] } },
      routes: [],
    },
  });
  const path = `/"'><script>alert(1)</script>&quot;`;
  const page = await ask(gateway.url, { path, headers: { accept: 'text/html' } });
  assert.doesNotMatch(page.text, /<script/);
  // Those of the page itself, and no more.
  assert.equal(page.text.match(/</g)?.length, 3);
  assert.equal(page.text.match(/["']/g)?.length, 4);
  const json = await ask(gateway.url, { path, headers: { accept: 'application/json' } });
  assert.equal(typeof json.json.p, 'string');
});

test('nor of an answer of the route, and nor of its JSON', async (t) => {
  const respond = (type: string, body: string) => ({ status: 200, headers: { 'content-type': type }, body });
  const route = (prefix: string, type: string, body: string) => ({
    prefix,
    auth: 'none',
    respond: respond(type, body),
  });
  const gateway = await startGateway(t, {
    file: {
      routes: [
        route('/page', 'Text/HTML; charset=utf-8', '<p>${request.query.q}</p><input value=${request.query.q}>'),
        route('/chosen', '${"text/html"}', '<p>${request.query.q}</p>'),
        route('/list', 'text/html', '${[request.query.q]}'),
        route('/json', 'application/json', '{"q":"${request.query.q}","admin":false}'),
        route('/value', 'application/json', '${[request.query.q]}'),
        route('/text', 'text/plain', 'q is ${request.query.q}'),
      ],
    },
  });
  const q = `<script>alert(1)</script> onfocus=alert(1)","admin":true,"a":"`;
  const get = async (path: string) => (await ask(gateway.url, { path: `${path}?q=${encodeURIComponent(q)}` })).text;
  assert.match(await get('/page'), /^<p>[^<>"]+<\/p><input value=[^\s<>"'=]+>$/);
  assert.match(await get('/chosen'), /^<p>[^<>"]+<\/p>$/);
  assert.doesNotMatch(await get('/list'), /[<>"]/);
  assert.deepEqual(JSON.parse(await get('/json')), { q, admin: false });
  assert.deepEqual(JSON.parse(await get('/value')), [q]);
  assert.equal(await get('/text'), `q is ${q}`);
});

test('nor an attribute, where the page leaves out the quotes', async (t) => {
  const body = '<!doctype html><input value=${request.query.q} name=q>';
  const gateway = await startGateway(t, { file: { errors: { bodies: { 404: { body } } }, routes: [] } });
  const path = '/?q=x%20style=position:fixed%09onfocus=alert(1)%0aa=%60%3e%3cb';
  const { text } = await ask(gateway.url, { path, headers: { accept: 'text/html' } });
  assert.match(text, /^<!doctype html><input value=x&#32;style[^\s=<>"'`]+ name=q>$/);
});
