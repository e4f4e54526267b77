import { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RequestHandler } from 'express';
import { createLogger, transports } from 'winston';
import { z } from 'zod';
import { attachContext, RequestContext } from '../../src/context.ts';
import type { GatewayError } from '../../src/errors.ts';
import type { Clock } from '../../src/lib/clock.ts';
import { Deadlines } from '../../src/lib/deadlines.ts';
import { HiddenValues } from '../../src/lib/hidden-values.ts';
import { OpenSockets } from '../../src/lib/open-sockets.ts';
import { finish } from '../../src/lib/steps.ts';
import { LogLevel } from '../../src/log/level.ts';
import { createMetrics } from '../../src/metrics.ts';
import { Pool } from '../../src/pool.ts';
import type { RedisLink } from '../../src/redis/link.ts';
import type { Settings } from '../../src/settings.ts';
import type { StageDeps } from '../../src/stage.ts';
import { gatewayLimitStage } from '../../src/stages/gateway-limit.ts';
import { rateLimitStage } from '../../src/stages/rate-limit.ts';

/** A clock that stands still until it is told. */
export class FakeClock implements Clock {
  nowMs: number;

  constructor(nowMs = Date.UTC(2026, 5, 15, 12)) {
    this.nowMs = nowMs;
  }

  now(): number {
    return this.nowMs;
  }

  pass(durationMs: number): void {
    this.nowMs += durationMs;
  }
}

export interface Caller {
  consumer?: string;
  plan?: string;
  subject?: string;
  address?: string;
  claims?: Record<string, unknown>;
  headers?: Record<string, string>;
  dryRun?: boolean;
}

export function createContext(caller: Caller = {}): RequestContext {
  const req = { headers: caller.headers ?? {}, method: 'GET' } as unknown as IncomingMessage;
  const res = new EventEmitter() as unknown as ServerResponse;
  const context = new RequestContext(req, res);
  context.clientAddress = caller.address ?? '192.0.2.1';
  if (caller.consumer !== undefined) context.consumer = { name: caller.consumer, plan: caller.plan, roles: [] };
  else context.plan = caller.plan;
  context.subject = caller.subject;
  context.claims = caller.claims;
  context.dryRun = caller.dryRun ?? false;
  if (context.dryRun) context.trace = [];
  attachContext(req, context);
  return context;
}

/** What one call met: its status (200 when it passed), and the fields that would be on its answer. */
export interface Outcome {
  readonly status: number;
  readonly error: GatewayError | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly context: RequestContext;
}

/** The stages that limit, over one file, without a gateway around them. */
export class StageBench {
  readonly clock: Clock;
  readonly pool = new Pool();
  readonly metrics = createMetrics();
  readonly lines: string[] = [];
  readonly #redis: RedisLink | undefined;
  #deps: StageDeps;
  #handlers = new Map<string, RequestHandler[]>();

  constructor({ clock = new FakeClock(), redis }: { clock?: Clock; redis?: RedisLink | undefined } = {}) {
    this.clock = clock;
    this.#redis = redis;
    this.#deps = this.#createDeps();
  }

  /** Compiles a file as a snapshot would, and lets go of the one before. */
  load({ routes, ...file }: { routes: Record<string, Record<string, unknown>> } & Record<string, unknown>): void {
    const deps = this.#createDeps();
    const parsed = z.strictObject(rateLimitStage.fileKeys).parse(file);
    const atDoor = finish(gatewayLimitStage.prepare(parsed as never, deps));
    const later = finish(rateLimitStage.prepare(parsed, deps));
    this.#handlers = new Map();
    for (const [name, keys] of Object.entries(routes)) {
      const options = z.strictObject(rateLimitStage.keys).parse(keys);
      const route = { name, prefix: `/${name}`, matched: true, isProtected: true, credentialHeaders: [] };
      const stages = [
        gatewayLimitStage.create(options as never, route, deps, atDoor),
        rateLimitStage.create(options, route, deps, later),
      ];
      this.#handlers.set(
        name,
        stages.filter((handler) => handler !== undefined),
      );
    }
    this.#deps.lease.release();
    this.#deps = deps;
  }

  /** One call; settles when the stage has let it pass or refused it. */
  call(route: string, caller?: Caller): Promise<Outcome> {
    const context = createContext(caller);
    const [...handlers] = this.#handlers.get(route) ?? [];
    return new Promise((resolve) => {
      const next = (error?: unknown): void => {
        const handler = error === undefined ? handlers.shift() : undefined;
        if (handler !== undefined) void handler(context.req as never, context.res as never, next);
        else resolve(describeOutcome(context, error as GatewayError | undefined));
      };
      next();
    });
  }

  /** Several calls, all begun before any has ended. */
  calls(count: number, route: string, caller?: Caller): Promise<Outcome[]> {
    return Promise.all(Array.from({ length: count }, () => this.call(route, caller)));
  }

  /** Whether the route has any of the stages at all. */
  has(route: string): boolean {
    return (this.#handlers.get(route) ?? []).length > 0;
  }

  close(): void {
    this.#deps.lease.release();
  }

  #createDeps(): StageDeps {
    const log = createLogger({ transports: [new transports.Console({ silent: true })] });
    log.on('data', (line: { message: string }) => this.lines.push(line.message));
    return {
      settings: {} as Settings,
      hidden: new HiddenValues(),
      log,
      accessLog: log,
      logLevel: new LogLevel('info', [log]),
      clock: this.clock,
      metrics: this.metrics,
      pool: this.pool,
      deadlines: new Deadlines(),
      sockets: new OpenSockets(),
      eventStreams: new Set(),
      redis: this.#redis,
      lease: this.pool.lease(),
      whenInForce: (act) => act(),
      call: () => Promise.reject(new Error('nobody is asked here')),
      inProcess: () => {
        throw new Error('nothing is sent here');
      },
    };
  }
}

function describeOutcome(context: RequestContext, error: GatewayError | undefined): Outcome {
  const fields = context.extraHeaders ?? [];
  const headers: Record<string, string> = {};
  for (let index = 0; index < fields.length; index += 2) headers[fields[index] as string] = fields[index + 1] as string;
  return { status: error === undefined ? 200 : (error.row?.status ?? 500), error, headers, context };
}

export const passed = (outcomes: readonly Outcome[]): number =>
  outcomes.filter((outcome) => outcome.status === 200).length;
