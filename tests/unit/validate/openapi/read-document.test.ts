import assert from 'node:assert/strict';
import { test } from 'node:test';
import { finish } from '../../../../src/lib/steps.ts';
import { DocumentFault } from '../../../../src/validate/document-fault.ts';
import {
  follow,
  readApiDocument,
  readJsonOrYaml,
  readServedDocument,
} from '../../../../src/validate/openapi/read-document.ts';

const readAtOnce = (text: string) => finish(readJsonOrYaml(text));
const HEAD = 'openapi: 3.1.0\ninfo: { title: Users, version: "1" }\n';

function faultOf(act: () => unknown): DocumentFault {
  try {
    act();
  } catch (error) {
    if (error instanceof DocumentFault) return error;
    throw error;
  }
  throw new Error('no fault');
}

test('a document is read from YAML and from JSON alike', () => {
  const fromYaml = readApiDocument(`${HEAD}paths:\n  /users: { get: {} }\n`);
  const fromJson = readApiDocument('{"openapi":"3.0.3","paths":{"/users":{"get":{}}}}');
  assert.deepEqual(fromYaml.root['paths'], fromJson.root['paths']);
  assert.deepEqual([fromYaml.version, fromJson.version], ['3.1', '3.0']);
});

test('a document of another version is refused with a way out', () => {
  assert.match(faultOf(() => readApiDocument('swagger: "2.0"\npaths: {}\n')).hint ?? '', /swagger2openapi/);
  assert.equal(faultOf(() => readApiDocument('openapi: 4.0.0\npaths: {}\n')).pointer, '/openapi');
  assert.match(faultOf(() => readApiDocument('paths: {}\n')).message, /"openapi" is missing/);
  assert.match(faultOf(() => readApiDocument(HEAD)).message, /"paths" is missing/);
  assert.equal(
    faultOf(() => readApiDocument(`${HEAD}paths: {}\njsonSchemaDialect: http://a.example\n`)).pointer,
    '/jsonSchemaDialect',
  );
  assert.match(faultOf(() => readApiDocument('- 1')).message, /expected an OpenAPI document/);
});

test('a faulty text is told with its line', () => {
  const fault = faultOf(() => readApiDocument(`${HEAD}paths:\n  /a: {\n  /b: 1\n`));
  assert.ok((fault.place?.line ?? 0) >= 4, String(fault.place?.line));
  assert.ok(!fault.message.includes('\n'));
  assert.match(faultOf(() => readAtOnce('{"a": 1,, "b": [}')).message, /^neither JSON .* nor YAML: /);
});

test('a document of YAML is read in many steps, and a long one is refused where requests are served', () => {
  const paths = Array.from(
    { length: 4000 },
    (_, i) => `  /things${i}/{id}:\n    get: { summary: one, responses: {} }\n`,
  );
  const text = `${HEAD}paths:\n${paths.join('')}`;
  const steps = readServedDocument(text);
  let rests = 0;
  for (let step = steps.next(); step.done !== true; step = steps.next()) rests += 1;
  assert.ok(rests > 100, String(rests));
  const long = `${text}${'#'.repeat(1024 * 1024)}`;
  assert.match(faultOf(() => finish(readServedDocument(long))).hint ?? '', /Write it as JSON/);
  assert.match(faultOf(() => readAtOnce(long)).message, /more than 1 MiB/);
  assert.match(faultOf(() => readAtOnce(`{"a": 1, ${long}`)).message, /more than 1 MiB/);
  assert.equal(Object.keys(readApiDocument(long).root['paths'] as object).length, 4000);
});

test('a key that stands twice is refused', () => {
  const fault = faultOf(() => readAtOnce('b:\n  1: x\n  "1": y\n'));
  assert.deepEqual([fault.message, fault.place], ['Map keys must be unique', { line: 3, column: 3 }]);
  assert.match(faultOf(() => readAtOnce('a: 1\n---\nb: 1\n')).message, /more than one document/);
  assert.match(faultOf(() => readAtOnce('a: 1\na: 2\n')).message, /unique/);
});

test('what unfolds or nests without bound is refused', () => {
  assert.ok(faultOf(() => readAtOnce(`a: ${'['.repeat(100_000)}`)));
  const laughs = ['a0: &a0 [1,1,1,1,1,1,1,1,1,1]'];
  for (let i = 1; i < 12; i++)
    laughs.push(
      `a${i}: &a${i} [${Array(10)
        .fill(`*a${i - 1}`)
        .join(',')}]`,
    );
  assert.match(faultOf(() => readAtOnce(laughs.join('\n'))).message, /alias/i);
  assert.match(faultOf(() => readAtOnce(`${'['.repeat(500)}${']'.repeat(500)}`)).message, /nested deeper/);
  assert.match(faultOf(() => readAtOnce('{"a":{"__proto__":{"b":1}}}')).message, /__proto__/);
  assert.match(faultOf(() => readAtOnce('a: &a\n  b: *a\n')).message, /nested|alias/i);
});

test('references are followed inside of the document, and never in a circle', () => {
  const document = readApiDocument(
    JSON.stringify({
      openapi: '3.0.0',
      paths: {},
      components: {
        parameters: {
          one: { $ref: '#/components/parameters/two' },
          two: { name: 'limit' },
          round: { $ref: '#/components/parameters/round' },
        },
      },
    }),
  );
  const to = (name: string) => follow(document, { $ref: `#/components/parameters/${name}` }, '/paths/x');
  assert.deepEqual(to('one'), { value: { name: 'limit' }, pointer: '/components/parameters/two' });
  assert.match(faultOf(() => to('round')).message, /circle/);
  assert.equal(faultOf(() => to('none')).pointer, '/paths/x/$ref');
  assert.match(faultOf(() => follow(document, { $ref: 'other.yaml#/a' }, '')).hint ?? '', /bundle/);
});
