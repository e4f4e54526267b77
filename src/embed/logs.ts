import { LineWriter } from '../log/line-writer.ts';
import type { LineSink } from '../log/log.ts';
import { createOutput } from '../log/output.ts';
import type { GatewayLogger } from './public.ts';

/** How long the last lines may take to get out. */
const FLUSH_MS = 1_000;

/** Where the lines of an embedded gateway go. */
export interface Logs {
  readonly access: LineSink;
  readonly messages: LineSink;
  /** The gateway listens by itself: where nobody has said where lines go, they go where those of the process go. */
  open(): void;
  flush(): Promise<void>;
}

export function createLogs(logger: GatewayLogger | false | undefined): Logs {
  if (logger === undefined) return createOwnLogs();
  if (logger === false) return { access: NOWHERE, messages: NOWHERE, open() {}, flush: () => Promise.resolve() };
  const shielded = createShield();
  return {
    access: logger.access === undefined ? NOWHERE : { append: (line) => shielded(() => logger.access?.(line)) },
    messages: { append: (line) => shielded(() => tell(logger, line)) },
    open() {},
    flush: () => Promise.resolve(),
  };
}

const NOWHERE: LineSink = { isOff: true, append() {} };

/** Nothing is opened before there is something to write. */
function createOwnLogs(): Logs {
  const writers = new Map<1 | 2, LineWriter>();
  let isOpen = false;
  const write = (descriptor: 1 | 2, line: string): void => {
    let writer = writers.get(descriptor);
    if (writer === undefined) {
      writer = new LineWriter({ ...createOutput(descriptor), ...(descriptor === 2 && { intervalMs: 10 }) });
      writers.set(descriptor, writer);
    }
    writer.append(line);
  };
  return {
    access: {
      get isOff() {
        return !isOpen;
      },
      append: (line) => {
        if (isOpen) write(1, line);
      },
    },
    messages: { append: (line) => write(2, line) },
    open() {
      isOpen = true;
    },
    async flush() {
      await Promise.all([...writers.values()].map((writer) => writer.flush(FLUSH_MS)));
    },
  };
}

type Level = 'error' | 'warn' | 'info' | 'debug';

/** What is written is written as JSON, without secrets; a logger of somebody else's has a form of its own. */
function tell(logger: GatewayLogger, line: string): unknown {
  const {
    level,
    message,
    time: _time,
    ...fields
  } = JSON.parse(line) as { level: Level; message: string; time: string };
  return logger[level](message, fields);
}

/** What the logger of an application does must not cost a request its answer. That it fails is told once. */
function createShield(): (write: () => unknown) => void {
  let hasFailed = false;
  const tellOnce = (error: unknown): void => {
    if (!hasFailed) process.emitWarning(`the logger of the gateway failed: ${String(error)}`, 'TurnpikeWarning');
    hasFailed = true;
  };
  return (write) => {
    try {
      const outcome = write();
      if (outcome instanceof Promise) outcome.catch(tellOnce);
    } catch (error) {
      tellOnce(error);
    }
  };
}
