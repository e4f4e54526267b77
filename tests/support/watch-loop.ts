import type { TestContext } from 'node:test';

/**
 * The most work that was done between two turns of the loop, in milliseconds of this thread's CPU time: what a request
 * waits for on a machine that does nothing else, and not what the machine's other processes take.
 */
export function watchLoop(t: TestContext): () => number {
  let longestMs = 0;
  let isOver = false;
  const cpuMs = (): number => {
    const { user, system } = process.threadCpuUsage();
    return (user + system) / 1000;
  };
  let last = cpuMs();
  function turn(): void {
    const now = cpuMs();
    longestMs = Math.max(longestMs, now - last);
    last = now;
    if (!isOver) setImmediate(turn);
  }
  setImmediate(turn);
  const stop = (): number => {
    isOver = true;
    return longestMs;
  };
  t.after(stop);
  return stop;
}
