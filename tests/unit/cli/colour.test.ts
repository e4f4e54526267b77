import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isColoured } from '../../../src/cli/colour.ts';

const TERMINAL = { out: true, err: true };
const PIPE = { out: false, err: false };
const io = { out: () => true, err: () => undefined };

test('a terminal has colours, and a pipe has none', () => {
  assert.equal(isColoured({ ...io, env: { TERM: 'xterm' }, isTerminal: TERMINAL }, 'out'), true);
  assert.equal(isColoured({ ...io, env: { TERM: 'xterm' }, isTerminal: PIPE }, 'out'), false);
  assert.equal(isColoured({ ...io, env: {} }, 'err'), false);
  assert.equal(isColoured({ ...io, env: {}, isTerminal: { out: false, err: true } }, 'out'), false);
  assert.equal(isColoured({ ...io, env: {}, isTerminal: { out: false, err: true } }, 'err'), true);
  assert.equal(isColoured({ ...io, env: { TERM: 'dumb' }, isTerminal: TERMINAL }, 'out'), false);
});

test('NO_COLOR with any value takes them away, an empty one does not (no-color.org)', () => {
  for (const NO_COLOR of ['1', '0', 'false'])
    assert.equal(isColoured({ ...io, env: { NO_COLOR, FORCE_COLOR: '1' }, isTerminal: TERMINAL }, 'out'), false);
  assert.equal(isColoured({ ...io, env: { NO_COLOR: '' }, isTerminal: TERMINAL }, 'out'), true);
});

test('FORCE_COLOR has them in a pipe, and 0 nowhere; --no-color is above all', () => {
  for (const FORCE_COLOR of ['', '1', '3', 'true'])
    assert.equal(isColoured({ ...io, env: { FORCE_COLOR }, isTerminal: PIPE }, 'out'), true);
  for (const FORCE_COLOR of ['0', 'false'])
    assert.equal(isColoured({ ...io, env: { FORCE_COLOR }, isTerminal: TERMINAL }, 'out'), false);
  assert.equal(isColoured({ ...io, env: { FORCE_COLOR: '1' }, isTerminal: TERMINAL, isPlain: true }, 'out'), false);
});
