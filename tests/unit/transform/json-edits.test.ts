import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RequestContext } from '../../../src/context.ts';
import { parseJsonExactly } from '../../../src/lib/json-text.ts';
import { createJsonEdits, jsonEditsOption } from '../../../src/transform/json-edits.ts';

const option = jsonEditsOption('request');

/** What the edits make of a text of JSON, as text; the value that was read must still be what it was. */
function edit(options: object, text: string): string {
  const edits = createJsonEdits(option.parse(options));
  assert.ok(edits);
  const value = parseJsonExactly(text);
  const before = JSON.stringify(value);
  const edited = edits.edit(value, (template) => template.render({} as RequestContext, { body: value }));
  assert.equal(JSON.stringify(value), before, 'the body is somebody else’s');
  return JSON.stringify(edited);
}

test('no edits are no work', () => {
  assert.equal(createJsonEdits(undefined), undefined);
  assert.equal(createJsonEdits(option.parse({ omit: [], set: {} })), undefined);
});

test('pick keeps what it names, through lists, in its order, and nothing else', () => {
  const text = '{"id":1,"secret":2,"items":[{"name":"a","price":1},{"price":2},3,{"name":"b"}],"user":{"a":1,"b":2}}';
  assert.equal(
    edit({ pick: ['user.b', 'id', 'items[].name', 'none'] }, text),
    '{"id":1,"items":[{"name":"a"},{},{"name":"b"}],"user":{"b":2}}',
  );
  assert.equal(edit({ pick: ['items'] }, '{"items":[1,{"a":2}],"b":1}'), '{"items":[1,{"a":2}]}');
  assert.equal(edit({ pick: ['[].id'] }, '[{"id":1,"a":2},{"id":3}]'), '[{"id":1},{"id":3}]');
  assert.equal(edit({ pick: ['items.name'] }, '{"items":[[{"name":"a"}],{"b":1}]}'), '{"items":[[{"name":"a"}],{}]}');
});

test('where nothing of a body was picked none of it passes', () => {
  assert.equal(edit({ pick: ['id'] }, '[{"secret":1}]'), '[{}]');
  assert.equal(edit({ pick: ['id.a'] }, '[{"id":"secret"},7]'), '[{}]');
  assert.equal(edit({ pick: ['id'] }, '"secret"'), 'null');
  assert.equal(edit({ pick: [] }, '{"secret":1}'), '{}');
});

test('omit takes away, through lists and lists of lists', () => {
  assert.equal(
    edit({ omit: ['a', 'b.c', 'none.x'] }, '{"a":1,"b":{"c":2,"d":3},"none":null}'),
    '{"b":{"d":3},"none":null}',
  );
  assert.equal(edit({ omit: ['rows[][].x'] }, '{"rows":[[{"x":1,"y":2}],[],5]}'), '{"rows":[[{"y":2}],[],5]}');
});

test('one path holds for an object and for a list of such', () => {
  const options = { omit: ['password'], rename: { user_name: 'userName' }, set: { kind: 'user' } };
  const [before, after] = ['{"user_name":"z","password":1}', '{"userName":"z","kind":"user"}'];
  assert.equal(edit(options, before), after);
  assert.equal(edit(options, `[${before},${before}]`), `[${after},${after}]`);
});

test('rename keeps the place, gives way to what is renamed, and lets two change places', () => {
  assert.equal(
    edit({ rename: { user_name: 'userName' } }, '{"a":1,"user_name":"z","b":2}'),
    '{"a":1,"userName":"z","b":2}',
  );
  assert.equal(edit({ rename: { a: 'b' } }, '{"b":1,"a":2}'), '{"b":2}');
  assert.equal(edit({ rename: { a: 'b' } }, '{"b":1}'), '{"b":1}');
  assert.equal(edit({ rename: { a: 'b', b: 'a' } }, '{"a":1,"b":2}'), '{"b":1,"a":2}');
  assert.equal(edit({ rename: { 'l[].x.a': 'b' } }, '{"l":[{"x":{"a":1}},{"x":2}]}'), '{"l":[{"x":{"b":1}},{"x":2}]}');
});

test('set makes the objects on its way, in the items that are there, and changes nothing that is no object', () => {
  assert.equal(edit({ set: { 'a.b.c': 1 } }, '{}'), '{"a":{"b":{"c":1}}}');
  assert.equal(edit({ set: { 'a.b': 1 } }, '{"a":"text"}'), '{"a":"text"}');
  assert.equal(
    edit({ set: { 'l[].n': [null], 'm[].n': 1 } }, '{"l":[{},{"n":1},7]}'),
    '{"l":[{"n":[null]},{"n":[null]},7]}',
  );
  assert.equal(edit({ set: { a: 1 } }, '[1]'), '[1]');
  assert.equal(edit({ set: { 'l.n': 1 } }, '{"l":[{}]}'), '{"l":[{"n":1}]}');
});

test('values keep their type, and see the body as it was', () => {
  const options = {
    set: { total: '${size(body.items)}', text: 'n=${size(body.items)}', list: '${body.items}' },
    omit: ['items'],
  };
  assert.equal(edit(options, '{"items":[1,2]}'), '{"total":2,"text":"n=2","list":[1,2]}');
});

test('add fills what is not there, and appends to a list', () => {
  const options = { add: { currency: 'EUR', tags: 'new', name: 'x' } };
  assert.equal(edit(options, '{"tags":["a"],"name":null}'), '{"tags":["a","new"],"name":null,"currency":"EUR"}');
});

test('the order is pick, omit, rename, set, add, wrap, whatever it is in the file', () => {
  const options = { wrap: 'data', add: { d: 1 }, set: { b: 2 }, rename: { a: 'b' }, omit: ['x'], pick: ['a', 'x'] };
  assert.equal(edit(options, '{"a":1,"x":2,"y":3}'), '{"data":{"b":2,"d":1}}');
  assert.equal(edit({ wrap: 'data' }, '[1]'), '{"data":[1]}');
});

test('numbers that no double holds stay as they were written', () => {
  const text = '{"id":12345678901234567890,"f":1.10000000000000000001,"l":[1e400]}';
  assert.equal(edit({ omit: ['x'], set: { y: 1 } }, text), `${text.slice(0, -1)},"y":1}`);
  assert.equal(edit({ omit: ['id.rawJSON', 'l[].rawJSON'] }, text), text);
});

test('names that objects have from birth are names as any other', () => {
  const text = '{"__proto__":{"a":1},"constructor":{"b":2},"c":3}';
  assert.equal(edit({ omit: ['c'] }, text), '{"__proto__":{"a":1},"constructor":{"b":2}}');
  assert.equal(edit({ pick: ['__proto__.a', 'constructor'] }, text), '{"__proto__":{"a":1},"constructor":{"b":2}}');
  assert.equal(
    edit({ set: { 'constructor.prototype.polluted': 1 } }, '{}'),
    '{"constructor":{"prototype":{"polluted":1}}}',
  );
  assert.equal(edit({ set: { '__proto__.polluted': 1 } }, '{"a":1}'), '{"a":1,"__proto__":{"polluted":1}}');
  assert.equal(edit({ omit: ['toString.name'], set: { 'hasOwnProperty.x': 1 } }, '{}'), '{"hasOwnProperty":{"x":1}}');
  assert.equal(edit({ rename: { a: '__proto__' } }, '{"a":{"polluted":1}}'), '{"__proto__":{"polluted":1}}');
  assert.equal(({} as Record<string, unknown>)['polluted'], undefined);
});

test('a value that is set in every item of a long list is bounded', () => {
  const text = JSON.stringify({ items: Array.from({ length: 20_000 }, () => ({})) });
  assert.throws(() => edit({ set: { 'items[].copy': '${body.items}' } }, text), /characters are added/);
});

test('a path that leads nowhere is refused', () => {
  for (const path of ['', 'a..b', 'items[]', 'a[0]', 'x'.repeat(501)]) {
    for (const options of [{ omit: [path] }, { pick: [path] }, { set: { [path]: 1 } }, { rename: { [path]: 'b' } }])
      assert.equal(option.safeParse(options).success, false, JSON.stringify(options));
  }
  assert.equal(option.safeParse({ remove: ['a'] }).success, false);
});
