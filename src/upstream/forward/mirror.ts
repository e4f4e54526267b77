import { z } from 'zod';
import { hasBody } from '../../answer/head.ts';
import type { RequestContext } from '../../context.ts';
import type { Deadline, DeadlineWheel } from '../../lib/deadline-wheel.ts';
import type { StageDeps } from '../../stage.ts';
import { type FarSide, useFarSide } from '../far-side.ts';
import type { Service, ServiceTarget } from '../service.ts';
import { targetUrl } from '../target.ts';
import type { TransportController, TransportHandler } from '../transport.ts';
import { joinBase } from './service-request.ts';

/** The key `mirror`. */
export const mirrorOption = z
  .strictObject({
    service: z.string().optional().describe('Name of the service that gets the copies.'),
    target: targetUrl.optional().describe('Address that gets the copies, where it is no service.'),
    percent: z.number().gt(0).max(100).default(100).describe('Share of the requests that is copied. Default 100.'),
  })
  .refine(({ service, target }) => (service === undefined) !== (target === undefined), {
    error: 'names either a service or a target',
  })
  .describe('Sends a copy of each GET and HEAD to another service; its answers are thrown away.');

type MirrorOptions = z.output<typeof mirrorOption>;

/** Copies under way at once, per route; more are not sent. A mirror must never slow the real service down. */
const MAX_IN_FLIGHT = 100;
const TIMEOUT_MS = 10_000;
/** A longer answer is cut off; reading a short one keeps the connection. */
const MAX_ANSWER_BYTES = 1024 * 1024;

/** Makes the sender of copies for one route: fire and forget, bounded, safe methods without a body only. */
export function createMirror(
  options: MirrorOptions,
  services: ReadonlyMap<string, FarSide>,
  deps: StageDeps,
): (context: RequestContext, path: string) => void {
  const service = serviceOf(options, services, deps);
  const share = options.percent / 100;
  let inFlight = 0;
  const onEnd = (): void => {
    inFlight -= 1;
  };

  return function mirrorRequest(context, path) {
    if (service === undefined || inFlight >= MAX_IN_FLIGHT || !isSafe(context)) return;
    if (share < 1 && Math.random() >= share) return;
    const target = service.pick(context, undefined);
    if (target === undefined) return;
    inFlight += 1;
    send(context, path, target, deps.deadlines, onEnd);
  };
}

function serviceOf(
  options: MirrorOptions,
  services: ReadonlyMap<string, FarSide>,
  deps: StageDeps,
): Service | undefined {
  if (options.service !== undefined) return services.get(options.service)?.service;
  const { target } = options;
  return target === undefined ? undefined : useFarSide(target, { targets: [{ url: target, weight: 1 }] }, deps).service;
}

function isSafe(context: RequestContext): boolean {
  return (context.method === 'GET' || context.method === 'HEAD') && context.upgrade === undefined && !hasBody(context);
}

function send(
  context: RequestContext,
  path: string,
  target: ServiceTarget,
  deadlines: DeadlineWheel,
  onEnd: () => void,
): void {
  const copy = new Copy(deadlines, onEnd);
  const request = {
    method: context.method,
    path: joinBase(target.basePath, path, context.path.endsWith('/')),
    headers: [...context.upstreamHeaders, 'X-Gateway-Mirror', 'true'],
    body: null,
  };
  try {
    target.transport.send(request, copy);
  } catch {
    copy.onResponseError();
  }
}

/** One copy under way: its answer is read and forgotten. */
class Copy implements TransportHandler, Deadline {
  dueAtMs = 0;
  nextDeadline: Deadline | null = null;
  previousDeadline: Deadline | null = null;
  readonly #deadlines: DeadlineWheel;
  readonly #onEnd: () => void;
  #controller: TransportController | undefined;
  #bytes = 0;
  #isEnded = false;

  constructor(deadlines: DeadlineWheel, onEnd: () => void) {
    this.#deadlines = deadlines;
    this.#onEnd = onEnd;
    deadlines.add(this, performance.now() + TIMEOUT_MS);
  }

  onDue(): void {
    this.#end();
  }

  onRequestStart(controller: TransportController): void {
    this.#controller = controller;
    if (this.#isEnded) controller.abort(new Error('mirror timed out'));
  }

  onResponseStart(): void {}

  onResponseData(_controller: TransportController, chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#bytes > MAX_ANSWER_BYTES) this.#end();
  }

  onResponseEnd(): void {
    this.#controller = undefined;
    this.#end();
  }

  onResponseError(): void {
    this.#controller = undefined;
    this.#end();
  }

  onRequestUpgrade(): void {
    this.#end();
  }

  #end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#deadlines.remove(this);
    this.#onEnd();
    if (this.#controller?.aborted === false) this.#controller.abort(new Error('mirror has seen enough'));
  }
}
