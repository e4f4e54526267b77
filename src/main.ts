import { ConfigError, renderConfigError } from './config/config-error.ts';
import { environment, readDotEnv, readSettings } from './config/env.ts';
import { loadRoutesInSteps } from './config/load.ts';
import { warnOfRoutes } from './config/route-warnings.ts';
import { warnOfSettings } from './config/setting-warnings.ts';
import { findStrayNames } from './config/stray-names.ts';
import { type Watching, watchRoutes } from './config/watch.ts';
import { LineWriter } from './log/line-writer.ts';
import { createOutput } from './log/output.ts';
import { createMetrics } from './metrics.ts';
import { stagesClosed } from './own/closings.ts';
import { takeLateFault } from './own/late-faults.ts';
import { createDeps, type Running, runGateway } from './server/assemble.ts';
import { describeStart } from './server/describe-start.ts';
import type { Settings } from './settings.ts';

/** From sysexits.h: the configuration is at fault. */
const EXIT_CONFIG = 78;
const EXIT_FAILED = 1;
/** The same: a bug, which cli/io.ts knows as `internal`. */
const EXIT_INTERNAL = 70;
/** A shell's number for a process that a signal ended is this plus the signal's. */
const EXIT_SIGNALLED = 128;
const SIGNAL_NUMBERS = { SIGINT: 2, SIGTERM: 15 } as const;

/** How long the last log lines may take to get out. */
const FLUSH_MS = 1_000;
/** How long connections to services and to Redis may take to close. */
const CLOSE_MS = 1_000;

/** The process: settings, gateway, sockets, signals. The only file that exits. */
export async function start(): Promise<void> {
  const settings = configured(readSettings);
  const metrics = createMetrics({ process: true });
  // Asked for, Node makes a pipe non-blocking: a reader that stalls must never hold a thread of ours in a write.
  void process.stdout;
  void process.stderr;
  const access = new LineWriter({ ...createOutput(1), onDrop: (lines) => metrics.accessLogDropped.inc(lines) });
  const messages = new LineWriter({ ...createOutput(2), intervalMs: 10 });
  const exit = createExit([messages, access]);
  const obeySignals = takeSignals(exit);
  const deps = createDeps(settings, { access, messages }, metrics);

  for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(event, (error: unknown) => {
      // What an own stage has left behind ends that stage's request at most.
      if (
        takeLateFault(error, (fault) =>
          deps.log.error('an own stage failed where nobody waits for it', { error: fault }),
        )
      )
        return;
      deps.log.error(`fatal: ${event}`, { error });
      void exit(EXIT_INTERNAL);
    });
  }

  try {
    const running = await runGateway(deps, (trial) => loadRoutesInSteps(settings.routesFile, trial));
    for (const line of describeStart(running)) deps.log.log(line);
    for (const warning of warningsOf(running, settings)) deps.log.warn(warning);
    const watching = watchRoutes(settings.routesFile, () => void running.reloader.reload('watch'));
    obeySignals(running, settings, watching);
  } catch (error) {
    if (error instanceof ConfigError) return exitForConfig(error);
    deps.log.error(listenFault(error, settings), isPortFault(error) ? {} : { error });
    await exit(EXIT_FAILED);
  }
}

function warningsOf({ gateway }: Running, settings: Settings): readonly string[] {
  const { config } = gateway.snapshot;
  const strayNames = findStrayNames(environment(), settings.routesFile, readDotEnv(process.cwd()));
  return [...strayNames, ...warnOfRoutes(config.routes), ...warnOfSettings(config, settings)];
}

/**
 * Takes the signals before anything is awaited, since each of them would end the process until then; what it returns
 * is told when the gateway runs. SIGTERM and SIGINT drain, and the second one ends everything at once, as the first
 * does before the start is over. A reload that is asked for before comes after it.
 */
function takeSignals(
  exit: (code: number) => Promise<void>,
): (running: Running, settings: Settings, watching: Watching) => void {
  let isReloadAsked = false;
  let reload = (): void => {
    isReloadAsked = true;
  };
  let end: ((signal: keyof typeof SIGNAL_NUMBERS) => void) | undefined;
  process.on('SIGHUP', () => reload());
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (end === undefined) void exit(EXIT_SIGNALLED + SIGNAL_NUMBERS[signal]);
      else end(signal);
    });
  }

  return (running, settings, watching) => {
    reload = () => void running.reloader.reload('SIGHUP');
    if (isReloadAsked) reload();
    end = (signal) => {
      end = undefined;
      watching.close();
      running.deps.log.info(`${signal}: stopping`);
      // On Ctrl-C a person waits, and no load balancer needs time to notice.
      void stop(running, signal === 'SIGINT' ? 0 : settings.drainDelayMs, exit);
    };
  };
}

async function stop(running: Running, delayMs: number, exit: (code: number) => Promise<void>): Promise<void> {
  const isDone = await running.drain.begin(delayMs);
  await running.deps.tracing?.close();
  // What still won't close (a Redis that hangs, say) ends with the process.
  await Promise.race([running.close(), new Promise((resolve) => setTimeout(resolve, CLOSE_MS))]);
  await stagesClosed(running.deps.deadlines);
  running.deps.log.info('stopped');
  await exit(isDone ? 0 : EXIT_FAILED);
}

function createExit(writers: readonly LineWriter[]): (code: number) => Promise<void> {
  return async function exit(code) {
    await Promise.all(writers.map((writer) => writer.flush(FLUSH_MS)));
    process.exit(code);
  };
}

function configured<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof ConfigError) return exitForConfig(error);
    throw error;
  }
}

function exitForConfig(error: ConfigError): never {
  process.stderr.write(renderConfigError(error));
  process.exit(EXIT_CONFIG);
}

function isPortFault(error: unknown): error is NodeJS.ErrnoException & { port?: number; address?: string } {
  return error instanceof Error && (error as NodeJS.ErrnoException).syscall === 'listen';
}

function listenFault(error: unknown, settings: Settings): string {
  if (!isPortFault(error)) return 'the gateway could not start';
  const name = error.port === settings.adminPort ? 'ADMIN_PORT' : 'PORT';
  const why = error.code === 'EADDRINUSE' ? 'is in use by another process' : `can't be used (${error.code})`;
  return `port ${error.port} on ${error.address} ${why}: set ${name}`;
}
