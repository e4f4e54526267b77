import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Arena } from './arena.ts';
import { CONTESTANTS, type Contestant, requestHeaders, turnpikeOptions } from './contestants.ts';
import type { Figure } from './measure.ts';
import { median } from './measure.ts';
import { residentBytes } from './processes.ts';
import type { Bar } from './report.ts';
import { routesFile, startTurnpike } from './turnpike.ts';

interface Latency {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  readonly failures: number;
}

const REPEATS = 5;
const LATENCY_SECONDS = 10;
const IDLE_SECONDS = 15;
const MEBIBYTE = 1024 * 1024;
const RELOAD_RATE = 300;
const RELOADS = 5;
const RELOADED_ROUTES = 1000;

/** The bars that a table of CPU per request can't show; each starts what it needs, and stops it. */
export async function measureBars(arena: Arena, figures: readonly Figure[]): Promise<Bar[]> {
  return [...(await measureLatency(arena, figures)), ...(await measureStart(arena)), ...(await measureReload(arena))];
}

/** p99 of both at half of the rate that Fastify's whole job saturates at. */
async function measureLatency(arena: Arena, figures: readonly Figure[]): Promise<Bar[]> {
  const reference = figures.find(({ contestant }) => contestant.id === 'fastify-whole-job');
  if (reference === undefined) return [];
  const rate = Math.floor(median(reference.requestsPerSecond) / 2);
  const p99s: number[][] = [[], []];
  for (let round = 0; round < 3; round++) {
    for (const [index, id] of ['turnpike', 'fastify-whole-job'].entries()) {
      const contestant = CONTESTANTS.find((one) => one.id === id) as Contestant;
      const running = await contestant.start(arena);
      await openLoop(arena, running.port, rate, 3);
      const { p99, failures } = await openLoop(arena, running.port, rate, LATENCY_SECONDS);
      await running.stop();
      if (failures > 0) throw new Error(`${contestant.title}: ${failures} requests failed at ${rate} a second`);
      p99s[index]?.push(p99);
    }
  }
  const [ours, theirs] = p99s.map(median) as [number, number];
  return [
    { name: `p99 at ${rate} requests a second, against Fastify's`, limit: 0.6, unit: 'x', measured: ours / theirs },
  ];
}

async function openLoop(arena: Arena, port: number, rate: number, seconds: number): Promise<Latency> {
  const options = { port, path: '/api/users/42', headers: requestHeaders(arena), rate, seconds };
  const { tools } = arena;
  const pin = tools.taskset ? ['taskset', '-c', String(tools.otherCore)] : [];
  const script = join(import.meta.dirname, 'open-loop.ts');
  const [program, ...args] = [...pin, process.execPath, script, JSON.stringify(options)];
  const { stdout } = await promisify(execFile)(program as string, args, { encoding: 'utf8' });
  return JSON.parse(stdout) as Latency;
}

/** From the start of the process to its first answer, and its memory when nothing happens. */
async function measureStart(arena: Arena): Promise<Bar[]> {
  const starts: number[] = [];
  let idleBytes = 0;
  for (let i = 0; i < REPEATS; i++) {
    const running = await startTurnpike(turnpikeOptions('start', arena), arena.tools);
    starts.push(running.readyAfterMs);
    if (i === REPEATS - 1) {
      await sleep(IDLE_SECONDS * 1000);
      idleBytes = residentBytes(running.pid);
    }
    await running.stop();
  }
  return [
    { name: 'from process start to the first answer', limit: 500, unit: 'ms', measured: median(starts) },
    { name: 'idle memory', limit: 110, unit: 'MiB', measured: idleBytes / MEBIBYTE },
  ];
}

/** A thousand routes rewritten and reloaded under load: nothing fails, and nobody waits. */
async function measureReload(arena: Arena): Promise<Bar[]> {
  const options = { ...turnpikeOptions('reload', arena), routes: RELOADED_ROUTES };
  const running = await startTurnpike(options, arena.tools);
  await openLoop(arena, running.port, RELOAD_RATE, 5);
  const quiet = await openLoop(arena, running.port, RELOAD_RATE, RELOADS);
  const load = openLoop(arena, running.port, RELOAD_RATE, 2 * RELOADS + 2);
  for (let i = 0; i < RELOADS; i++) {
    await sleep(2000);
    writeFileSync(
      running.routesFile,
      routesFile(arena.serviceUrl, RELOADED_ROUTES, { timeouts: { total: `${20 + i}s` } }),
    );
  }
  const { max, failures } = await load;
  const metrics = await (await fetch(`${running.adminOrigin}/metrics`)).text();
  await running.stop();
  const applied = Number(/^turnpike_reloads_total\{result="applied"\} (\d+)/m.exec(metrics)?.[1] ?? 0);
  if (applied < RELOADS) throw new Error(`only ${applied} of ${RELOADS} reloads were applied`);
  return [
    { name: 'requests failed while 1,000 routes reload', limit: 0, unit: 'requests', measured: failures },
    { name: 'longest pause of a reload', limit: 50, unit: 'ms', measured: Math.max(0, max - quiet.p99) },
  ];
}
