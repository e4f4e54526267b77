import type { Arena } from './arena.ts';
import { type Contestant, requestHeaders } from './contestants.ts';
import { runLoad } from './load.ts';
import { cpuMicroseconds, familyOf, type Running } from './processes.ts';
import { ANSWER } from './service.ts';

/** What was measured of one contestant. */
export interface Figure {
  readonly contestant: Contestant;
  /** CPU microseconds per request, one a round. */
  readonly cpuMicroseconds: readonly number[];
  readonly requestsPerSecond: readonly number[];
}

export interface Plan {
  /** Requests before anything is measured: V8 compiles what it has seen often, however slow the machine. */
  readonly warmUpRequests: number;
  readonly rounds: number;
  readonly secondsPerRound: number;
}

interface Entry {
  readonly contestant: Contestant;
  readonly running: Running;
  readonly cpu: number[];
  readonly rate: number[];
}

const SAMPLE_EVERY_MS = 250;
const MAX_WARM_UP_SECONDS = 15;

/** All contestants up at once, each loaded in turn, round after round, so that a bad minute hits all of them. */
export async function measure(contestants: readonly Contestant[], plan: Plan, arena: Arena): Promise<Figure[]> {
  const entries: Entry[] = [];
  try {
    for (const contestant of contestants) {
      entries.push({ contestant, running: await contestant.start(arena), cpu: [], rate: [] });
    }
    for (const entry of entries) await warmUp(entry, plan, arena);
    for (let round = 0; round < plan.rounds; round++) {
      for (let i = 0; i < entries.length; i++) {
        const entry = entries[(i + round) % entries.length] as Entry;
        const { cpu, rate } = await loadOnce(entry, plan.secondsPerRound, arena);
        entry.cpu.push(cpu);
        entry.rate.push(rate);
        showProgress(`round ${round + 1} of ${plan.rounds}: ${entry.contestant.title}`);
      }
    }
    showProgress('');
  } finally {
    for (const { running } of entries) await running.stop();
  }
  return entries.map(({ contestant, cpu, rate }) => ({ contestant, cpuMicroseconds: cpu, requestsPerSecond: rate }));
}

function showProgress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r${text.padEnd(64)}\r`);
}

async function warmUp(entry: Entry, plan: Plan, arena: Arena): Promise<void> {
  let requests = 0;
  for (let second = 0; second < MAX_WARM_UP_SECONDS && requests < plan.warmUpRequests; second++) {
    const { rate } = await loadOnce(entry, 1, arena);
    requests += rate;
  }
}

async function loadOnce(entry: Entry, seconds: number, arena: Arena): Promise<{ cpu: number; rate: number }> {
  const { contestant, running } = entry;
  await verify(contestant, running, arena);
  const pids = familyOf(running.pid);
  const before = sum(pids.map(cpuMicroseconds));
  const sampling = sampleDuring(contestant, running, arena);
  const options = { origin: running.origin, paths: contestant.paths, headers: requestHeaders(arena), seconds };
  const result = await runLoad({ ...options, folder: arena.folder }, arena.tools);
  const samples = await sampling.end();
  const after = sum(pids.map(cpuMicroseconds));
  await verify(contestant, running, arena);
  if (result.failures > 0) {
    throw new Error(
      `${contestant.title}: ${result.failures} of ${result.requests} requests failed; nothing is reported`,
    );
  }
  return { cpu: (after - before) / (result.requests + samples), rate: result.requests / result.seconds };
}

/** Refuses a run in which an answer is not a 200 with the service's very body. */
async function verify(contestant: Contestant, running: Running, arena: Arena): Promise<void> {
  const path = contestant.paths[Math.floor(Math.random() * contestant.paths.length)] as string;
  const response = await fetch(running.origin + path, { headers: requestHeaders(arena) });
  const body = await response.text();
  if (response.status === 200 && body === ANSWER) return;
  throw new Error(`${contestant.title}: ${path} was answered ${response.status}: ${body.slice(0, 300)}`);
}

/** The load generator counts statuses, not bodies: a few answers are read in full while it runs. */
function sampleDuring(contestant: Contestant, running: Running, arena: Arena): { end(): Promise<number> } {
  let isOver = false;
  let count = 0;
  const work = (async () => {
    while (!isOver) {
      await verify(contestant, running, arena);
      count += 1;
      await new Promise((resolve) => setTimeout(resolve, SAMPLE_EVERY_MS));
    }
  })();
  // The rejection is met in `end`; without this it would count as unhandled while the load runs.
  work.catch(() => {});
  return {
    end: async () => {
      isOver = true;
      await work;
      return count;
    },
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length % 2 === 1) return sorted[middle] as number;
  return ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

/** Median of the ratios within each round: what slows a whole round slows both. */
export function ratioOf(figure: Figure, reference: Figure): number {
  return median(figure.cpuMicroseconds.map((cpu, round) => cpu / (reference.cpuMicroseconds[round] as number)));
}
