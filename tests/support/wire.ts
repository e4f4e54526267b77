import { connect, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { until } from './until.ts';

/** A connection to a port on which a test speaks byte by byte. */
export interface Wire {
  readonly socket: Socket;
  /** Everything that has come so far. */
  readonly received: string;
  readonly isClosed: boolean;
  write(bytes: string | Buffer): void;
  /** Waits until a pattern shows in what has come. */
  gets(pattern: RegExp, timeoutMs?: number): Promise<RegExpExecArray>;
  closed(timeoutMs?: number): Promise<void>;
}

/** Connects; the connection is gone after the test. */
export function openWire(t: Pick<TestContext, 'after'>, port: number): Wire {
  const socket = connect(port, '127.0.0.1');
  let received = '';
  let isClosed = false;
  socket.on('data', (chunk: Buffer) => {
    received += chunk.toString('latin1');
  });
  socket.on('error', () => undefined);
  socket.on('close', () => {
    isClosed = true;
  });
  t.after(() => socket.destroy());
  return {
    socket,
    get received() {
      return received;
    },
    get isClosed() {
      return isClosed;
    },
    write: (bytes) => void socket.write(bytes),
    gets: (pattern, timeoutMs = 5_000) =>
      until(() => pattern.exec(received), { timeoutMs, what: `${pattern}` }).catch((error: Error) => {
        throw new Error(`${error.message}; what came: ${JSON.stringify(received.slice(0, 2_000))}`);
      }),
    closed: async (timeoutMs = 5_000) => {
      await until(() => isClosed, { timeoutMs, what: 'the end of the connection' });
    },
  };
}
