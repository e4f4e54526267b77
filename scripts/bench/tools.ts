import { execFileSync, spawnSync } from 'node:child_process';
import { cpus } from 'node:os';

/** What a run needs from the machine, and what it does without where that is missing. */
export interface Tools {
  /** Pins a process to a core; without it figures of different runs can't be compared. */
  readonly taskset: boolean;
  readonly wrk: boolean;
  readonly nginx: string | undefined;
  readonly haproxy: string | undefined;
  readonly redisServer: string | undefined;
  /** Cores for the gateway, and for everything else. */
  readonly gatewayCore: number;
  readonly otherCore: number;
}

/** Debian keeps servers where an ordinary user's PATH does not look. */
const SEARCH_PATH = `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin:/usr/local/sbin`;

export function findTools(): Tools {
  return {
    taskset: findProgram('taskset') !== undefined,
    wrk: findProgram('wrk') !== undefined,
    nginx: findProgram('nginx'),
    haproxy: findProgram('haproxy'),
    redisServer: findProgram('redis-server'),
    gatewayCore: 0,
    otherCore: cpus().length > 1 ? 1 : 0,
  };
}

function findProgram(name: string): string | undefined {
  const { status, stdout } = spawnSync('sh', ['-c', `command -v ${name}`], {
    encoding: 'utf8',
    env: { ...process.env, PATH: SEARCH_PATH },
  });
  return status === 0 ? stdout.trim() : undefined;
}

/** One line each on what is missing, for the report. */
export function describeMissing(tools: Tools): string[] {
  const missing: string[] = [];
  if (!tools.taskset) missing.push('taskset is missing: nothing is pinned to a core, so figures wander');
  if (!tools.wrk) missing.push('wrk is missing: autocannon makes the load, and is slower than some contestants');
  if (tools.nginx === undefined) missing.push('nginx is missing: a node stub is the service');
  if (tools.redisServer === undefined) missing.push('redis-server is missing: limits in Redis are left out');
  if (tools.haproxy === undefined) missing.push('haproxy is missing: it is left out of the full run');
  if (tools.gatewayCore === tools.otherCore) missing.push('this machine has one core: everything shares it');
  return missing;
}

/** The machine in one line. */
export function describeMachine(): string {
  const [cpu] = cpus();
  const kernel = execFileSync('uname', ['-sr'], { encoding: 'utf8' }).trim();
  return `Node ${process.version}, ${cpus().length} x ${cpu?.model.trim() ?? 'unknown'}, ${kernel}`;
}
