import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Budget, countWork, TooMuchWork, weigh } from '../../../src/validate/budget.ts';
import { Engine } from '../../../src/validate/engine.ts';

test('each call and each round of a loop is counted, and nothing in a text is touched', () => {
  const code = 'return function validate1(data, {a=""}={}){for(let i0=0; i0<n; i0++){x("for(let i0=0;i<1;){");}}';
  assert.equal(
    countWork(code),
    'return function validate1(data, {a=""}={}){self.spend();for(let i0=0; i0<n; i0++){self.spend();x("for(let i0=0;i<1;){");}}',
  );
});

test('a fault is counted where it is added, and lists of them are not copied', () => {
  assert.equal(
    countWork(
      'if(vErrors === null){vErrors = [err0];}else{vErrors.push(err0);}vErrors.concat(validate1.errors);"vErrors.push("',
    ),
    'if(vErrors === null){vErrors = [err0];}else{self.keep(vErrors,err0);}self.join(vErrors,validate1.errors);"vErrors.push("',
  );
});

test('a larger value may cost more, and none without bound', () => {
  const budget = new Budget();
  const steps = (values: number) => {
    budget.begin({ values, chars: 0 });
    for (let count = 0; ; count += 1) {
      try {
        budget.spend();
      } catch (error) {
        assert.ok(error instanceof TooMuchWork);
        return count;
      }
    }
  };
  assert.ok(steps(0) > 1000);
  assert.ok(steps(1000) > steps(0));
  assert.ok(steps(1e9) < 10_000_000);
});

test('a value weighs what stands in it, and is not counted further than it matters', () => {
  assert.deepEqual(weigh({ ab: [1, 'xyz'], c: null }), { values: 5, chars: 6 });
  assert.ok(weigh(Array(1_000_000).fill(0)).values < 1_000_000);
});

test('of many faults the number stays true, and few are kept', () => {
  const budget = new Budget();
  budget.begin({ values: 1000, chars: 0 });
  const faults: object[] = [];
  for (let i = 0; i < 2000; i++) budget.keep(faults, { i });
  assert.equal(faults.length, 2000);
  assert.equal(new Set(faults).size, 1001);
  assert.equal(budget.join(faults, [{}, {}]).length, 2002);
});

const NODE = {
  $defs: {
    node: {
      anyOf: [
        { type: 'object', properties: { a: { $ref: '#/$defs/node' }, b: { type: 'integer' } }, required: ['b'] },
        { type: 'object', properties: { a: { $ref: '#/$defs/node' }, c: { type: 'integer' } }, required: ['c'] },
        { type: 'integer' },
      ],
    },
  },
  properties: { tree: { $ref: '#/$defs/node' } },
};

test('what is in no branch of a schema that refers to itself costs a bounded number of faults, and is refused', () => {
  const engine = new Engine({ dialect: '2020-12', isStrict: true, hasMeta: false, tellsAll: true });
  engine.add(NODE, 'test:node');
  const check = engine.compile('test:node');
  const nested = (depth: number, last: unknown) => {
    let tree = last;
    for (let i = 0; i < depth; i++) tree = { a: tree, b: 1, c: 1 };
    return { tree };
  };
  assert.deepEqual(check(nested(40, 1)), []);
  for (const depth of [1, 5, 9, 12, 40]) {
    const faults = check(nested(depth, 'bad'));
    assert.ok(faults.length > 0 && faults.length <= 100, `${depth}: ${faults.length}`);
  }
  assert.equal(check(nested(40, 'bad'))[0]?.message, 'takes too long to check against its schema');
});

test('a value that may be one of twenty kinds at each place is checked whatever its size', () => {
  const kinds = Array.from({ length: 20 }, (_, i) => ({
    type: 'object',
    properties: { kind: { const: `k${i}` }, left: { $ref: '#/$defs/any' }, right: { $ref: '#/$defs/any' } },
    required: ['kind'],
    additionalProperties: false,
  }));
  const engine = new Engine({ dialect: '2020-12', isStrict: true, hasMeta: false, tellsAll: true });
  engine.add({ $defs: { any: { oneOf: kinds } }, $ref: '#/$defs/any' }, 'test:kinds');
  const check = engine.compile('test:kinds');
  const grow = (depth: number): object =>
    depth === 0 ? { kind: 'k19' } : { kind: `k${depth + 5}`, left: grow(depth - 1), right: grow(depth - 1) };
  assert.deepEqual(check(grow(2)), []);
  assert.deepEqual(check(grow(12)), []);
});
