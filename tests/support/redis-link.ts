import { createLogger } from 'winston';
import Transport from 'winston-transport';
import { createRedis, type RedisLink, type RedisLinkOptions } from '../../src/redis/link.ts';

/** A link to a test's Redis, and the messages that it logged. */
export interface ObservedLink {
  readonly link: RedisLink;
  readonly messages: string[];
  /** Waits until the link is up (or down); fails after `timeoutMs`. Answers how long it took. */
  until(isUp: boolean, timeoutMs?: number): Promise<number>;
}

class Listening extends Transport {
  readonly messages: string[] = [];

  override log(line: { message: string }, done: () => void): void {
    this.messages.push(JSON.stringify(line));
    done();
  }
}

/** For tests of exactness: a machine under load must not make a call be counted locally. */
export const PATIENT: RedisLinkOptions = { commandTimeoutMs: 2000 };

export function observeRedis(url: string, options?: RedisLinkOptions): ObservedLink {
  const transport = new Listening();
  const link = createRedis(url, createLogger({ level: 'debug', transports: [transport] }), options);
  return { link, messages: transport.messages, until: (isUp, timeoutMs = 10_000) => untilLink(link, isUp, timeoutMs) };
}

function untilLink(link: RedisLink, isUp: boolean, timeoutMs: number): Promise<number> {
  if (link.isUp === isUp) return Promise.resolve(0);
  const startedAtMs = performance.now();
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      stop();
      reject(new Error(`Redis was not ${isUp ? 'up' : 'down'} within ${timeoutMs} ms`));
    }, timeoutMs);
    const stop = link.onChange((now) => {
      if (now !== isUp) return;
      stop();
      clearTimeout(timer);
      resolve(performance.now() - startedAtMs);
    });
  });
}
