import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RequestContext } from '../../../src/context.ts';
import type { Asked } from '../../../src/mcp/calls.ts';
import { mcpOption } from '../../../src/mcp/options.ts';
import { McpRules } from '../../../src/mcp/rules.ts';

const CALLER = Object.assign(new RequestContext({} as never, {} as never), { roles: ['reader'], scopes: ['a'] });

const rulesOf = (written: object) => new McpRules(mcpOption.parse(written), (text) => text);

const tool = (name: string): Asked => ({ kind: 'tool', name });

test('the rule of a name stands before that of a longer beginning, and that before a shorter one', () => {
  const rules = rulesOf({
    tools: { '*': {}, 'git_*': { roles: ['admin'] }, 'git_log*': { roles: ['reader'] }, git_logout: false },
  });
  const may = (name: string): boolean => rules.judge(CALLER)(tool(name)) === undefined;
  assert.deepEqual(['x', 'git_push', 'git_log', 'git_logs', 'git_logout'].map(may), [true, false, true, true, false]);
});

test('what no rule is for looks like what is not there, and so does what nobody may', () => {
  const rules = rulesOf({ tools: { a: {}, b: false } });
  assert.equal(rules.judge(CALLER)(tool('a')), undefined);
  assert.equal(rules.judge(CALLER)(tool('b'))?.detail, 'This route has no such tool.');
  for (const name of ['c', '__proto__', 'constructor', 'toString', 'A', 'a '])
    assert.equal(rules.judge(CALLER)(tool(name))?.detail, 'This route has no such tool.', name);
});

test('of kinds without rules everything passes', () => {
  const rules = rulesOf({ tools: { a: {} } });
  assert.equal(rules.judge(CALLER)({ kind: 'prompt', name: 'x' }), undefined);
  assert.deepEqual([rules.has('tool'), rules.has('prompt'), rules.filtersLists], [true, false, true]);
  assert.equal(rulesOf({ methods: { '*': {} } }).filtersLists, false);
});

test('a call costs what the dearest of its rules says', () => {
  const rules = rulesOf({ tools: { a: { cost: 5 }, b: {} }, methods: { 'tools/*': { cost: 2 }, '*': {} } });
  const costOf = (method: string, name: string) =>
    rules.costOf({ method, id: 1, asks: [tool(name)], headerName: name });
  assert.deepEqual([costOf('tools/call', 'a'), costOf('tools/call', 'b'), costOf('x', 'b')], [5, 2, undefined]);
});
