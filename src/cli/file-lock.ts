import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import { systemClock } from '../lib/clock.ts';

/** A lock is held for milliseconds: one that is as old as this was left behind, whoever has its number now. */
const STALE_MS = 10_000;
/** Longer than a lock can be stale, so that whatever was left behind is taken over and no call fails for it. */
const WAIT_MS = 20_000;
const [MIN_PAUSE_MS, MAX_PAUSE_MS] = [10, 40];

const owner = z.object({ pid: z.number().int(), host: z.string() });

/** The lock stayed in other hands for as long as anybody should wait. */
export class LockedError extends Error {}

/** True while the lock is still this process's: one that was stopped for longer than `STALE_MS` has lost it. */
export type IsHeld = () => boolean;

/**
 * Does the work while no other process that asks for the same lock does: a file beside the real `file`, made by
 * O_EXCL, with the number of its owner. The lock of a process that is dead is taken over. Waits 20 s at most, then
 * throws a LockedError. `file` must be the real one: two links to it are one lock.
 */
export async function withFileLock<T>(file: string, work: (isHeld: IsHeld) => T | Promise<T>): Promise<T> {
  const own = JSON.stringify({ pid: process.pid, host: hostname(), token: randomBytes(9).toString('base64url') });
  const lock = await take(file, own);
  const isHeld: IsHeld = () => readLock(lock) === own;
  try {
    return await work(isHeld);
  } finally {
    if (isHeld()) rmSync(lock, { force: true });
  }
}

/** Takes the lock, and answers its path. */
async function take(file: string, own: string): Promise<string> {
  const endMs = performance.now() + WAIT_MS;
  for (;;) {
    const { lock, isMade } = tryTake(file, own);
    if (isMade) return lock;
    const seen = readLock(lock);
    if (seen !== undefined && isLeftBehind(lock, seen)) takeAway(lock, seen);
    else if (performance.now() > endMs) throw new LockedError(describe(lock, seen));
    else await wait(MIN_PAUSE_MS + Math.random() * (MAX_PAUSE_MS - MIN_PAUSE_MS));
  }
}

/** Beside the file; where nothing can be made there (it is mounted by itself, say), among the temporary files. */
function tryTake(file: string, own: string): { lock: string; isMade: boolean } {
  const beside = `${file}.lock`;
  const outcome = createExclusively(beside, own);
  if (outcome !== 'unwritable') return { lock: beside, isMade: outcome === 'made' };
  const name = createHash('sha256').update(file).digest('hex').slice(0, 32);
  const lock = join(tmpdir(), `turnpike-${name}.lock`);
  return { lock, isMade: createExclusively(lock, own) === 'made' };
}

function createExclusively(path: string, text: string): 'made' | 'taken' | 'unwritable' {
  try {
    writeFileSync(path, text, { flag: 'wx', mode: 0o644 });
    return 'made';
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return 'taken';
    if (['EACCES', 'EROFS', 'EPERM'].includes(code)) return 'unwritable';
    throw error;
  }
}

/**
 * Removes a lock that was left behind. Of all who see it only one may: the next would take away the lock of whoever
 * came after. So it is done under a second file, and only if the lock is still the one that was seen.
 */
function takeAway(lock: string, seen: string): void {
  const guard = `${lock}.takeover`;
  if (createExclusively(guard, '') !== 'made') {
    if (ageMs(guard) > STALE_MS) rmSync(guard, { force: true });
    return;
  }
  try {
    if (readLock(lock) === seen) rmSync(lock, { force: true });
  } finally {
    rmSync(guard, { force: true });
  }
}

/** True for the lock of a process of this machine that is gone, and for one that nobody holds for so long. */
function isLeftBehind(lock: string, text: string): boolean {
  if (ageMs(lock) > STALE_MS) return true;
  const holder = readOwner(text);
  return holder !== undefined && holder.host === hostname() && !isAlive(holder.pid);
}

function readOwner(text: string): z.output<typeof owner> | undefined {
  try {
    return owner.safeParse(JSON.parse(text)).data;
  } catch (error) {
    // Between being made and being written it is empty.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

function readLock(lock: string): string | undefined {
  try {
    return readFileSync(lock, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function ageMs(path: string): number {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat === undefined ? 0 : systemClock.now() - stat.mtimeMs;
}

function describe(lock: string, text: string | undefined): string {
  const holder = text === undefined ? undefined : readOwner(text);
  const who = holder === undefined ? 'another process' : `process ${holder.pid} on ${holder.host}`;
  return `${who} holds ${lock} for more than ${WAIT_MS / 1000} s`;
}
