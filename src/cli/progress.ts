import { withoutControls } from '../lib/printable.ts';
import type { CliIo } from './io.ts';

const AFTER_MS = 1000;
const EVERY_MS = 250;
/** What a terminal of 80 columns has in one line, with the seconds. */
const LONGEST = 68;
const FRAMES = ['-', '\\', '|', '/'] as const;
/** To the first column, and all that is right of it erased (ECMA-48, section 8.3.41). */
const ERASE = '\r\u001b[K';

/**
 * Waits for work, and says so after a second: on standard error, where that is a terminal, and gone when the work is
 * over, however it ends.
 */
export async function withProgress<T>(io: CliIo, says: string, work: Promise<T>): Promise<T> {
  if (io.isTerminal?.err !== true || io.env['TERM'] === 'dumb') return work;
  const begunAtMs = performance.now();
  const draw = io.draw ?? io.err;
  const words = withoutControls(says);
  const text = words.length > LONGEST ? `${words.slice(0, LONGEST - 1)}…` : words;
  let shown = 0;
  const tell = (): void => {
    const seconds = Math.floor((performance.now() - begunAtMs) / 1000);
    draw(`${ERASE}${FRAMES[shown % FRAMES.length]} ${text} ${seconds} s`);
    shown += 1;
  };
  let timer = setTimeout(() => {
    tell();
    timer = setInterval(tell, EVERY_MS);
  }, AFTER_MS);
  try {
    return await work;
  } finally {
    clearInterval(timer);
    if (shown > 0) draw(ERASE);
  }
}
