import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Tools } from './tools.ts';

/** What one load run saw. */
export interface LoadResult {
  readonly requests: number;
  readonly seconds: number;
  /** Answers other than 2xx and 3xx, and broken or timed-out sockets. Anything but 0 spoils a run. */
  readonly failures: number;
  readonly bytes: number;
}

export interface LoadOptions {
  readonly origin: string;
  /** Asked for in turn. */
  readonly paths: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
  readonly seconds: number;
  readonly folder: string;
}

const CONNECTIONS = 50;
/** By its path: a peer's package is no dependency of the project. */
const AUTOCANNON = join(import.meta.dirname, 'node_modules', 'autocannon', 'autocannon.js');
const run = promisify(execFile);

/** Fifty kept-alive connections, each sending its next request when it has its answer. */
export async function runLoad(options: LoadOptions, tools: Tools): Promise<LoadResult> {
  return tools.wrk ? runWrk(options, tools) : runAutocannon(options, tools);
}

/** Prepares every request before the clock starts, and prints the summary as JSON. */
function wrkScript(options: LoadOptions): string {
  const headers = Object.entries(options.headers).map(([name, value]) => `[${quote(name)}]=${quote(value)}`);
  return `
local headers = {${headers.join(',')}}
local paths = {${options.paths.map(quote).join(',')}}
local requests = {}
local last = 0
function init(args)
  for i = 1, #paths do requests[i] = wrk.format('GET', paths[i], headers) end
end
function request()
  last = last % #requests + 1
  return requests[last]
end
function done(summary, latency, _)
  local e = summary.errors
  io.write(string.format('{"requests":%d,"seconds":%f,"failures":%d,"bytes":%d}',
    summary.requests, summary.duration / 1e6, e.connect + e.read + e.write + e.status + e.timeout, summary.bytes))
end
`;
}

/** A Lua string: JSON's escapes are a subset of Lua's for the printable ASCII used here. */
function quote(text: string): string {
  return JSON.stringify(text);
}

async function runWrk(options: LoadOptions, tools: Tools): Promise<LoadResult> {
  const script = join(options.folder, 'load.lua');
  writeFileSync(script, wrkScript(options));
  const wrk = ['wrk', '-t', '1', '-c', String(CONNECTIONS), '-d', `${options.seconds}s`, '-s', script, options.origin];
  const [program, ...args] = [...pin(tools), ...wrk];
  const { stdout } = await run(program as string, args, { encoding: 'utf8' });
  return JSON.parse(stdout.slice(stdout.lastIndexOf('{'))) as LoadResult;
}

async function runAutocannon(options: LoadOptions, tools: Tools): Promise<LoadResult> {
  const headers = Object.entries(options.headers).flatMap(([name, value]) => ['-H', `${name}=${value}`]);
  const flags = ['-j', '-n', '-c', String(CONNECTIONS), '-d', String(options.seconds)];
  const url = options.origin + (options.paths[0] as string);
  const [program, ...args] = [...pin(tools), process.execPath, AUTOCANNON, ...flags, ...headers, url];
  const { stdout } = await run(program as string, args, { encoding: 'utf8', maxBuffer: 16 * 1024 * 1024 });
  const result = JSON.parse(stdout.slice(stdout.indexOf('{'))) as AutocannonResult;
  return {
    requests: result.requests.total,
    seconds: result.duration,
    failures: result.non2xx + result.errors + result.timeouts,
    bytes: result.throughput.total,
  };
}

interface AutocannonResult {
  readonly requests: { readonly total: number };
  readonly throughput: { readonly total: number };
  readonly duration: number;
  readonly non2xx: number;
  readonly errors: number;
  readonly timeouts: number;
}

function pin(tools: Tools): string[] {
  return tools.taskset ? ['taskset', '-c', String(tools.otherCore)] : [];
}
