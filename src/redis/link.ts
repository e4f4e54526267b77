import type { Cluster, Redis, RedisOptions } from 'ioredis';
import type { Logger } from 'winston';
import { RedisCircuit, type RedisListener } from './circuit.ts';
import { loadRedisPackage } from './fence.ts';
import { addressText, parseRedisUrl, type RedisAddress } from './parse-url.ts';

/** The gateway's way to Redis: one connection, and a switch that is off while Redis doesn't answer. */
export interface RedisLink {
  /** True while commands are answered. */
  readonly isUp: boolean;
  /** Where it is, without credentials. */
  readonly address: string;
  /** What was wrong when it was asked for last and did not answer. */
  readonly lastError: string;
  /** True when keys of one script must share a hash tag. */
  readonly isCluster: boolean;
  /** What every key of ours begins with, `turnpike:` unless set otherwise. */
  readonly prefix: string;
  /** Sends one command; rejects with `RedisUnavailableError` at once while down, and after the command timeout (75 ms). */
  send(command: string, ...args: (string | number | Buffer)[]): Promise<unknown>;
  /** Says that a reply was none that Redis gives: it is off until it has proven itself over a new connection. */
  distrust(reason: string): void;
  /** Called on each change between up and down, with its reason. Returns what ends that. */
  onChange(listener: RedisListener): () => void;
  /** Hears a channel, over a connection of its own that is made at the first call. Returns what ends that. */
  subscribe(channel: string, listener: (message: string) => void): () => void;
  close(): Promise<void>;
}

export interface RedisLinkOptions {
  readonly prefix?: string;
  /** How long a command may take before it is given up. Default 75 ms. */
  readonly commandTimeoutMs?: number;
  /** Pause between looks at a Redis that is down. Default 500 ms. */
  readonly probeEveryMs?: number;
}

/** Waits until commands are answered; false when that took longer than `withinMs`. */
export function isUpWithin(redis: Pick<RedisLink, 'isUp' | 'onChange'>, withinMs: number): Promise<boolean> {
  if (redis.isUp) return Promise.resolve(true);
  return new Promise((resolve) => {
    const settle = (isUp: boolean): void => {
      clearTimeout(timer);
      stop();
      resolve(isUp);
    };
    const timer = setTimeout(settle, withinMs, false);
    const stop = redis.onChange((isUp) => isUp && settle(true));
  });
}

type ClientOptions = Omit<RedisOptions, 'replyMapping'>;

const MAX_RECONNECT_DELAY_MS = 2000;
const CONNECT_TIMEOUT_MS = 2000;
/** A connection that ends sooner was none. */
const LASTING_MS = 1000;

/**
 * Opens the way to Redis. Never throws for a Redis that isn't there, only for a URL that isn't one:
 * it is down until Redis answers, and comes back by itself.
 */
export function createRedis(url: string, log: Logger, options: RedisLinkOptions = {}): RedisLink {
  const address = parseRedisUrl(url);
  const prefix = options.prefix ?? 'turnpike:';
  const client = createClient(address, { enableAutoPipelining: true, enableOfflineQueue: false });
  const circuit = new RedisCircuit(client, {
    log,
    probeKey: `${prefix}{turnpike}:probe`,
    commandTimeoutMs: options.commandTimeoutMs ?? 75,
    probeEveryMs: options.probeEveryMs ?? 500,
  });
  const channels = createChannels(address);
  return {
    get isUp() {
      return circuit.isUp;
    },
    address: addressText(address),
    get lastError() {
      return circuit.lastError;
    },
    isCluster: address.kind === 'cluster',
    prefix,
    send: (command, ...args) => circuit.send(command, args),
    distrust: (reason) => circuit.distrust(reason),
    onChange: (listener) => circuit.onChange(listener),
    subscribe: channels.subscribe,
    close: async () => {
      channels.close();
      await circuit.close();
      client.disconnect();
    },
  };
}

/** A client that never lets a request wait: no queue while offline, no second try of a command that may have counted. */
function createClient(address: RedisAddress, own: ClientOptions): Redis | Cluster {
  const { username, password, database, tls, hosts } = address;
  const options: ClientOptions = {
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(tls ? { tls: {} } : {}),
    db: database,
    connectTimeout: CONNECT_TIMEOUT_MS,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    retryStrategy: createReconnectDelay(),
    reconnectOnError: createReconnectOnError(),
    ...own,
  };
  const { Redis } = loadRedisPackage();
  switch (address.kind) {
    case 'unix':
      return new Redis({ ...options, path: address.socketPath as string });
    case 'sentinel':
      return new Redis({
        ...options,
        sentinels: [...hosts],
        name: address.master as string,
        sentinelRetryStrategy: createReconnectDelay(),
        ...(tls ? { enableTLSForSentinelMode: true } : {}),
      });
    case 'cluster':
      return createCluster(address, options);
    case 'single':
      return new Redis({ ...options, ...hosts[0] });
  }
}

function createCluster({ hosts, tls }: RedisAddress, options: ClientOptions): Cluster {
  const { Cluster } = loadRedisPackage();
  const { enableAutoPipelining = false, enableOfflineQueue = true, db: _, ...redisOptions } = options;
  return new Cluster([...hosts], {
    redisOptions,
    enableAutoPipelining,
    enableOfflineQueue,
    clusterRetryStrategy: createReconnectDelay(),
    slotsRefreshTimeout: CONNECT_TIMEOUT_MS,
    // A certificate names hosts, not the addresses that a cluster tells.
    ...(tls ? { dnsLookup: (host, callback) => callback(null, host) } : {}),
  });
}

/**
 * After a failover the old master turns read-only: look for the new one, once for all the commands that it refused
 * (ioredis 6.0.0 begins a new connection for each).
 */
function createReconnectOnError(): (error: Error) => boolean {
  let lastAtMs = Number.NEGATIVE_INFINITY;
  return (error) => {
    const nowMs = performance.now();
    if (!error.message.startsWith('READONLY') || nowMs - lastAtMs < 1000) return false;
    lastAtMs = nowMs;
    return true;
  };
}

/**
 * Milliseconds to wait before each new connection: more and more while they don't last. (ioredis 6.0.0 begins to count
 * anew with each that is made, also when the server's first answer ends it.)
 */
function createReconnectDelay(): () => number {
  let tries = 0;
  let dueAtMs = Number.NEGATIVE_INFINITY;
  return () => {
    const nowMs = performance.now();
    tries = nowMs - dueAtMs < LASTING_MS ? tries + 1 : 1;
    const delayMs = Math.min(50 * 2 ** Math.min(tries, 6), MAX_RECONNECT_DELAY_MS);
    dueAtMs = nowMs + delayMs;
    return delayMs;
  };
}

/** Channels by name, over a second connection: one that listens can do nothing else. */
function createChannels(address: RedisAddress) {
  const listeners = new Map<string, Set<(message: string) => void>>();
  let client: Redis | Cluster | undefined;

  function open(): Redis | Cluster {
    const opened = createClient(address, { enableOfflineQueue: true, maxRetriesPerRequest: null });
    // The circuit of the first connection tells that Redis is gone.
    opened.on('error', () => {});
    opened.on('message', (channel: string, message: string) => {
      for (const listener of listeners.get(channel) ?? []) listener(message);
    });
    return opened;
  }

  function subscribe(channel: string, listener: (message: string) => void): () => void {
    client ??= open();
    const known = listeners.get(channel);
    if (known !== undefined) known.add(listener);
    else {
      listeners.set(channel, new Set([listener]));
      // Rejected only when the connection is closed for good.
      client.subscribe(channel).catch(() => {});
    }
    return () => {
      const heard = listeners.get(channel);
      if (heard === undefined || !heard.delete(listener) || heard.size > 0) return;
      listeners.delete(channel);
      client?.unsubscribe(channel).catch(() => {});
    };
  }

  return { subscribe, close: () => client?.disconnect() };
}
