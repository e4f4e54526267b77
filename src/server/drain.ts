import type { Server } from 'node:http';
import type { Logger } from 'winston';

export interface DrainOptions {
  /** The main port; the admin port lives on to the last. */
  readonly server: Server;
  readonly inFlight: () => number;
  /** Tells the WebSockets to go; they would never end by themselves. */
  readonly closeSockets: () => void;
  /** Ends the requests that are in flight, whatever they wait for. */
  readonly breakOff: () => void;
  readonly log: Logger;
  /** By when all is over, counted from the beginning, in milliseconds. */
  readonly shutdownTimeoutMs: number;
}

export interface Drain {
  /** True from the signal on: not ready any more, and each answer asks its client to connect anew, elsewhere. */
  readonly isDraining: boolean;
  /**
   * Goes on accepting for `delayMs`, closes the port, and lets what is in flight finish.
   * Resolves to true when all of it did, false when the time was up.
   */
  begin(delayMs: number): Promise<boolean>;
}

const POLL_MS = 50;
/** How long requests may take to end once they have been broken off: half of it before their connections are cut. */
const LAST_MS = 1000;

/**
 * The end of the gateway, without a failed request: load balancers learn that it isn't ready before the port closes,
 * and requests in flight are waited for.
 */
export function createDrain({ server, inFlight, closeSockets, breakOff, log, shutdownTimeoutMs }: DrainOptions): Drain {
  let over: Promise<boolean> | undefined;

  async function run(delayMs: number): Promise<boolean> {
    const deadlineMs = performance.now() + shutdownTimeoutMs;
    if (delayMs > 0) log.info(`draining: not ready any more, accepting for another ${delayMs} ms`);
    await pause(Math.min(delayMs, shutdownTimeoutMs));
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    log.info('closed the port', { inFlight: inFlight() });
    closeSockets();
    const isDone = await finish(closed, deadlineMs);
    if (!isDone) {
      log.warn('time is up: ending what is in flight', { inFlight: inFlight() });
      breakOff();
      // Their last words are on their way, and each of them still has its line to come.
      await finish(closed, performance.now() + LAST_MS / 2);
      server.closeAllConnections();
      await finish(closed, performance.now() + LAST_MS / 2);
    }
    return isDone;
  }

  /** Waits for every connection and request to end; a kept-alive connection ends when it falls idle. */
  async function finish(closed: Promise<void>, deadlineMs: number): Promise<boolean> {
    let isClosed = false;
    void closed.then(() => {
      isClosed = true;
    });
    // A WebSocket whose client has gone still has a service to hear of it, and its log line to come.
    const isDone = (): boolean => isClosed && inFlight() === 0;
    while (!isDone() && performance.now() < deadlineMs) {
      server.closeIdleConnections();
      await (isClosed ? pause(POLL_MS) : Promise.race([closed, pause(POLL_MS)]));
    }
    return isDone();
  }

  return {
    get isDraining() {
      return over !== undefined;
    },
    begin(delayMs) {
      over ??= run(delayMs);
      return over;
    },
  };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
