import { LineWriter } from '../../src/log/line-writer.ts';
import { createOutput } from '../../src/log/output.ts';

/**
 * A process that writes lines as a gateway under load does: for milliseconds its loop has no turn, and lines of
 * 2.5 KB come at 10,000 a second. Tells on stderr how many were dropped.
 */
const LINES = 8_000;
const LINES_A_TURN = 50;
/** Of CPU: where others want it too, the reader gets none sooner than the writer. */
const MS_A_LINE = 0.1;
const LINE = 'x'.repeat(2_500);

let dropped = 0;
const countDropped = (lines: number): void => {
  dropped += lines;
};
void process.stdout;
const writer = new LineWriter({ ...createOutput(1), onDrop: countDropped });

function usedMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

let left = LINES;

function work(): void {
  for (let i = 0; i < LINES_A_TURN; i++) {
    const untilMs = usedMs() + MS_A_LINE;
    writer.append(LINE);
    while (usedMs() < untilMs);
  }
  left -= LINES_A_TURN;
  if (left > 0) setImmediate(work);
  else void writer.flush(5_000).then(() => process.stderr.write(String(dropped)));
}

work();
