/**
 * Where the time of the whole job goes: `node scripts/bench/profile.ts [--seconds 16] [--redis] [--cache] [--routes 1000]` runs
 * Turnpike under load with V8's profiler, and prints what has most of the time to itself. Profile before changing anything.
 */
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Arena } from './arena.ts';
import { CACHED, requestHeaders, turnpikeOptions } from './contestants.ts';
import { runLoad } from './load.ts';
import { startRedis } from './redis.ts';
import { startService } from './service.ts';
import { createCredential } from './token.ts';
import { findTools } from './tools.ts';
import { routePrefix, startTurnpike } from './turnpike.ts';

interface Frame {
  readonly functionName: string;
  readonly url: string;
  readonly lineNumber: number;
}

interface Profile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: Frame;
    readonly children?: readonly number[];
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

const SHOWN = 70;

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '16' },
    routes: { type: 'string', default: '1' },
    redis: { type: 'boolean', default: false },
    cache: { type: 'boolean', default: false },
  },
});

const tools = findTools();
const folder = mkdtempSync(join(tmpdir(), 'turnpike-profile-'));
const service = await startService(folder, tools);
const redis = values.redis ? await startRedis(folder, tools) : undefined;
const arena: Arena = {
  folder,
  tools,
  serviceUrl: service.origin,
  redisUrl: redis?.url,
  credential: createCredential(),
};
const turnpike = await startTurnpike(
  {
    ...turnpikeOptions('profiled', arena),
    routes: Number(values.routes),
    nodeFlags: ['--cpu-prof', `--cpu-prof-dir=${folder}`, '--cpu-prof-interval=400'],
    ...(redis !== undefined && { redisUrl: redis.url }),
    ...(values.cache && { route: CACHED }),
  },
  tools,
);
const load = { origin: turnpike.origin, paths: [`${routePrefix(0)}/42`], headers: requestHeaders(arena), folder };
const result = await runLoad({ ...load, seconds: Number(values.seconds) }, tools);
await turnpike.stop();
await redis?.stop();
await service.stop();

const [file] = readdirSync(folder).filter((name) => name.endsWith('.cpuprofile'));
if (file === undefined) throw new Error(`no profile was written in ${folder}`);
console.log(`${result.requests} requests, ${result.failures} failures; ${join(folder, file)}`);
const profile = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Profile;
const measuredSeconds = Number(values.seconds) / 2;
const requests = (result.requests * measuredSeconds) / Number(values.seconds);
const times = selfTimes(profile, measuredSeconds * 1e6);
printTimes(
  'by package',
  groupBy(times, profile, ({ url }) => packageOf(url)),
);
printTimes('by function, itself alone', groupBy(times, profile, placeOf));
printTimes('by function of src, with what it calls', inclusive(times, profile));

/** Microseconds per node, over the second half of the run: before that, the compiler is at work. */
function selfTimes({ samples, timeDeltas, nodes }: Profile, lastMicroseconds: number): Map<number, number> {
  const idle = new Set(nodes.filter(({ callFrame }) => callFrame.functionName === '(idle)').map(({ id }) => id));
  const times = new Map<number, number>();
  let left = lastMicroseconds;
  for (let i = samples.length - 1; i >= 0 && left > 0; i--) {
    const id = samples[i] as number;
    const time = timeDeltas[i] as number;
    left -= time;
    if (!idle.has(id)) times.set(id, (times.get(id) ?? 0) + time);
  }
  return times;
}

function groupBy(times: Map<number, number>, { nodes }: Profile, keyOf: (frame: Frame) => string): Map<string, number> {
  const grouped = new Map<string, number>();
  for (const { id, callFrame } of nodes) {
    const key = keyOf(callFrame);
    grouped.set(key, (grouped.get(key) ?? 0) + (times.get(id) ?? 0));
  }
  return grouped;
}

/** A function that calls itself further down counts once. */
function inclusive(times: Map<number, number>, { nodes }: Profile): Map<string, number> {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const totals = new Map<string, number>();
  const walk = (id: number, above: ReadonlySet<string>): number => {
    const node = byId.get(id);
    if (node === undefined) return 0;
    const place = placeOf(node.callFrame);
    const within = new Set(above).add(place);
    let time = times.get(id) ?? 0;
    for (const child of node.children ?? []) time += walk(child, within);
    if (!above.has(place) && place.includes('  src/')) totals.set(place, (totals.get(place) ?? 0) + time);
    return time;
  };
  walk((nodes[0] as Profile['nodes'][number]).id, new Set());
  return totals;
}

function printTimes(title: string, grouped: Map<string, number>): void {
  const total = [...times.values()].reduce((sum, time) => sum + time, 0);
  console.log(`\n${title}`);
  for (const [key, time] of [...grouped].toSorted(([, a], [, b]) => b - a).slice(0, SHOWN)) {
    if (time === 0) return;
    const share = ((100 * time) / total).toFixed(1).padStart(5);
    console.log(`${share} %  ${(time / requests).toFixed(2).padStart(6)} µs  ${key}`);
  }
}

function packageOf(url: string): string {
  if (url === '') return 'V8 and system calls';
  const name = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1];
  return name ?? (url.startsWith('node:') ? url : 'src');
}

function placeOf({ functionName, url, lineNumber }: Frame): string {
  if (url === '') return functionName;
  const short = url.replace(/^file:\/\//, '').replace(/^.*\/(?=node_modules\/|src\/)/, '');
  return `${functionName === '' ? '(anonymous)' : functionName}  ${short}:${lineNumber + 1}`;
}
