import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { splitShellWords } from '../../../src/explain/shell-words.ts';

describe('splitShellWords', () => {
  it('takes quotes off, as a shell does', () => {
    assert.deepEqual(splitShellWords(`curl -H 'X-A: it is' "b \\"c\\" \\$d" e\\ f`), [
      'curl',
      '-H',
      'X-A: it is',
      'b "c" $d',
      'e f',
    ]);
  });

  it('joins pieces that touch, and keeps an empty word', () => {
    assert.deepEqual(splitShellWords(`a'b'"c"d '' e`), ['abcd', '', 'e']);
  });

  it('goes on behind a backslash at the end of a line', () => {
    assert.deepEqual(splitShellWords("curl 'http://x/' \\\n  -H 'A: b' \\\r\n  --compressed"), [
      'curl',
      'http://x/',
      '-H',
      'A: b',
      '--compressed',
    ]);
  });

  it('reads what browsers write for other than plain text', () => {
    assert.deepEqual(splitShellWords(`$'it\\'s \\u00e9\\x21\\n'`), ["it's é!\n"]);
  });

  it('expands nothing', () => {
    assert.deepEqual(splitShellWords('echo $HOME `id` "$(id)" *'), ['echo', '$HOME', '`id`', '$(id)', '*']);
  });

  it('refuses a quote without an end', () => {
    for (const line of ["curl 'x", 'curl "x', "curl $'x", 'curl x\\']) {
      assert.throws(() => splitShellWords(line), /a quote has no end/, line);
    }
  });

  it('takes a megabyte of anything in no time', () => {
    for (const line of ["'".repeat(999_999), '"\\'.repeat(500_000), ' '.repeat(1_000_000), 'x'.repeat(1_000_000)]) {
      const before = process.cpuUsage();
      try {
        splitShellWords(line);
      } catch {
        // What has no end is refused.
      }
      assert.ok(process.cpuUsage(before).user < 2_000_000, line.slice(0, 4));
    }
  });
});
