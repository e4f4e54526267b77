import { z } from 'zod';
import type { RequestContext } from '../../context.ts';
import type { Call } from '../../deps.ts';
import { hasBody } from '../../lib/has-body.ts';
import type { StageDeps } from '../../stage.ts';
import { type FarSide, useFarSide } from '../far-side.ts';
import { type Target, targetUrl } from '../target.ts';
import { proveTo } from './proof.ts';
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
  const side = sideOf(options, services, deps);
  const share = options.percent / 100;
  let inFlight = 0;
  // A copy that fails is nobody's business.
  const onEnd = (): void => {
    inFlight -= 1;
  };

  return function mirrorRequest(context, path) {
    if (side === undefined || inFlight >= MAX_IN_FLIGHT || !isSafe(context)) return;
    if (share < 1 && Math.random() >= share) return;
    const target = side.service.pick(context, undefined);
    if (target === undefined) return;
    inFlight += 1;
    copy(side, target, context, path, deps.call).then(onEnd, onEnd);
  };
}

/** The copy proves the gateway to the mirror as that asks for, and never as the real service does. */
async function copy(
  { credential }: FarSide,
  target: Target,
  context: RequestContext,
  servicePath: string,
  call: Call,
): Promise<void> {
  const { method } = context;
  const path = joinBase(target.basePath, servicePath, context.path.endsWith('/'));
  const fields = [...context.upstreamHeaders, 'X-Gateway-Mirror', 'true'];
  const headers = credential === undefined ? fields : await proveTo(credential, target, fields, context, path);
  const answer = await call({
    to: target.transport,
    method,
    path,
    headers,
    timeoutMs: TIMEOUT_MS,
    maxBytes: MAX_ANSWER_BYTES,
    isCut: true,
  });
  credential?.hear(headers, answer.status, answer.headers);
}

function sideOf(options: MirrorOptions, services: ReadonlyMap<string, FarSide>, deps: StageDeps): FarSide | undefined {
  if (options.service !== undefined) return services.get(options.service);
  const { target } = options;
  return target === undefined ? undefined : useFarSide(target, { targets: [{ url: target, weight: 1 }] }, deps);
}

function isSafe(context: RequestContext): boolean {
  return (
    (context.method === 'GET' || context.method === 'HEAD') && context.upgrade === undefined && !hasBody(context.req)
  );
}
