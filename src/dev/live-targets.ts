import { connect as openSocket } from 'node:net';

/** How often who is asked for is looked after. */
const LOOK_EVERY_MS = 1_000;
const PROBE_TIMEOUT_MS = 500;

/** What is known of who listens at addresses. */
export interface LiveTargets {
  /** Whether somebody listens there; looks at once where nobody has looked yet. */
  isLive(origin: string): Promise<boolean>;
  /** What was seen last; undefined where nobody has looked. */
  seen(origin: string): boolean | undefined;
  /** A call has found nobody there. */
  noteGone(origin: string): void;
  close(): void;
}

/**
 * Watches addresses by opening connections to them, from when they are first asked about. `onChange` hears of what
 * becomes different, and of the first look not.
 */
export function watchTargets(
  onChange: (origin: string, isLive: boolean) => void,
  { lookEveryMs = LOOK_EVERY_MS, probe = isListening } = {},
): LiveTargets {
  const states = new Map<string, boolean>();
  const looks = new Map<string, Promise<boolean>>();
  let isClosed = false;

  function set(origin: string, isLive: boolean): void {
    const before = states.get(origin);
    states.set(origin, isLive);
    if (before !== undefined && before !== isLive && !isClosed) onChange(origin, isLive);
  }

  async function look(origin: string): Promise<boolean> {
    const under = looks.get(origin);
    if (under !== undefined) return under;
    const began = probe(origin).then((isLive) => {
      looks.delete(origin);
      set(origin, isLive);
      return isLive;
    });
    looks.set(origin, began);
    return began;
  }

  const timer = setInterval(() => {
    for (const origin of states.keys()) void look(origin);
  }, lookEveryMs).unref();

  return {
    async isLive(origin) {
      return states.get(origin) ?? look(origin);
    },
    seen: (origin) => states.get(origin),
    noteGone: (origin) => set(origin, false),
    close() {
      isClosed = true;
      clearInterval(timer);
    },
  };
}

/** Whether a connection can be made to an origin; never rejects. */
export function isListening(origin: string): Promise<boolean> {
  const { hostname, port, protocol } = new URL(origin);
  return new Promise((resolve) => {
    const socket = openSocket({
      host: hostname.replace(/^\[|\]$/g, ''),
      port: Number(port) || (protocol === 'https:' ? 443 : 80),
      timeout: PROBE_TIMEOUT_MS,
    });
    const finish = (isLive: boolean) => () => {
      socket.destroy();
      resolve(isLive);
    };
    socket.once('connect', finish(true));
    socket.once('timeout', finish(false));
    socket.once('error', finish(false));
  });
}
