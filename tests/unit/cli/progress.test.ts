import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { withProgress } from '../../../src/cli/progress.ts';

function listen(isTerminal: boolean, TERM = 'xterm') {
  let err = '';
  const io = {
    env: { TERM },
    isTerminal: { out: true, err: isTerminal },
    out: () => assert.fail('progress is no output'),
    err: (text: string) => {
      err += text;
    },
  };
  return { io, told: () => err };
}

/** What a terminal shows in its last line. */
const shown = (text: string): string => text.slice(text.lastIndexOf('\u001b[K') + 3);

async function work(ms: number, { io, told }: ReturnType<typeof listen>, isGood = true) {
  mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  try {
    const during: string[] = [];
    let end = (): void => undefined;
    const job = new Promise<number>((resolve, reject) => {
      end = () => (isGood ? resolve(7) : reject(new Error('no')));
    });
    const done = withProgress(io, 'counting', job).catch((error: Error) => error.message);
    for (let at = 0; at < ms; at += 50) {
      mock.timers.tick(50);
      during.push(shown(told()));
    }
    end();
    const result = await done;
    const after = told();
    mock.timers.tick(10_000);
    assert.equal(told(), after, 'nothing comes when it is over');
    return { result, during, after };
  } finally {
    mock.timers.reset();
  }
}

test('what takes less than a second says nothing', async () => {
  const { result, after } = await work(950, listen(true));
  assert.deepEqual([result, after], [7, '']);
});

test('what takes longer says so in one line of a terminal, which is gone at the end', async () => {
  const { result, during, after } = await work(3000, listen(true));
  assert.equal(result, 7);
  assert.match(during.at(-1) ?? '', /^[-\\|/] counting \d+ s$/);
  assert.ok(new Set(during).size > 2, 'it moves');
  assert.equal(shown(after), '');
  assert.ok(!after.includes('\n'));
});

test('it is gone where the work fails, too', async () => {
  const { result, after } = await work(3000, listen(true), false);
  assert.deepEqual([result, shown(after)], ['no', '']);
});

test('a pipe, and a terminal that can not erase, are told nothing', async () => {
  assert.equal((await work(3000, listen(false))).after, '');
  assert.equal((await work(3000, listen(true, 'dumb'))).after, '');
});
