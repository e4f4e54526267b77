import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeHeaderText } from '../../src/lib/header-text.ts';
import { redactQuery, redactText } from '../../src/lib/redact.ts';
import { isHost } from '../../src/routing/host-index.ts';
import { normalizeTarget } from '../../src/routing/normalize.ts';

/** The attack: text that makes a pattern of the gateway take time that grows with the square of its length, or worse. */
const PIECES = [
  '?',
  '&',
  'key',
  '_key',
  'key=',
  '://',
  ':',
  '://a:',
  '@',
  'eyJ',
  'eyJaaaaa.',
  'tpk_',
  'Bearer ',
  'Bearer a',
  ' ',
  '-',
  '.',
  '%',
  '1',
];

/** The best of three runs, so that a busy machine is not taken for a slow pattern. */
function bestMs(run: () => unknown): number {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 3; round += 1) {
    const startedAt = performance.now();
    try {
      run();
    } catch {
      // A refusal is as good an answer as any.
    }
    best = Math.min(best, performance.now() - startedAt);
  }
  return best;
}

for (const [name, read, chars] of [
  ['redactText', redactText, 32_768],
  ['redactQuery', (text: string) => redactQuery(`?${text}`), 8_192],
  ['isHost', isHost, 16_384],
  ['normalizeTarget', (text: string) => normalizeTarget(`/${text}`), 8_192],
  ['normalizeTarget of an absolute form', (text: string) => normalizeTarget(`http://${text}`), 8_192],
  ['encodeHeaderText', encodeHeaderText, 8_192],
] as const) {
  test(`${name} takes no more than a moment, whatever it is given`, () => {
    for (const piece of PIECES) {
      for (const end of ['', '\u0000', '!', '=']) {
        const text = piece.repeat(Math.ceil(chars / piece.length)).slice(0, chars) + end;
        const tookMs = bestMs(() => read(text));
        assert.ok(tookMs < 50, `${JSON.stringify(piece)} ${end}: ${tookMs} ms`);
      }
    }
  });
}
