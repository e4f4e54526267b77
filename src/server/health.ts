import { answerJson } from '../answer/own.ts';
import type { RequestContext } from '../context.ts';
import type { Deps } from '../deps.ts';
import { GatewayError } from '../errors.ts';
import type { Builtins } from '../gateway.ts';
import { type PublicReport, publicReport, reportServices } from './report.ts';

/** What the health answers need to know of the process around them. */
export interface HealthSource {
  /** True from the signal to stop on. */
  readonly isDraining: boolean;
}

const EVERY_CHECK = ['/health', '/health/live', '/health/ready'];

/**
 * Answers `/health`, `/health/live` and `/health/ready` on the main port, before any route is walked.
 *
 * live: the process answers. ready: 503 while draining, and never because a service or Redis is down: taking every
 * gateway out of the load balancer would help nobody. health: for people, with the state of the services.
 */
export function createHealth(deps: Pick<Deps, 'settings' | 'clock' | 'pool'>, source: HealthSource): Builtins {
  const startedAtMs = deps.clock.now();

  function describe(): object {
    const services = publicReport(reportServices(deps.pool));
    const nowMs = deps.clock.now();
    return {
      status: source.isDraining ? 'draining' : overall(services),
      timestamp: new Date(nowMs).toISOString(),
      uptime: Math.round((nowMs - startedAtMs) / 1000),
      ...(deps.settings.healthDetails ? { services } : {}),
    };
  }

  function answer(context: RequestContext, path: string): void {
    const { isDraining } = source;
    if (path === '/health') answerJson(context, 200, describe());
    else if (path === '/health/live') answerJson(context, 200, { status: 'alive' });
    else answerJson(context, isDraining ? 503 : 200, { status: isDraining ? 'draining' : 'ready' });
  }

  return function health(context) {
    const { path } = context;
    if (!path.startsWith('/health') || !EVERY_CHECK.includes(path)) return false;
    if (context.method === 'GET' || context.method === 'HEAD') answer(context, path);
    else
      context.sink.fail(
        context,
        new GatewayError('method_not_allowed', undefined, { headers: ['allow', 'GET, HEAD'] }),
      );
    return true;
  };
}

/** Degraded: some service answers nobody at the moment. */
function overall(services: Readonly<Record<string, PublicReport>>): 'healthy' | 'degraded' {
  const isDegraded = Object.values(services).some(({ circuit, targets }) => circuit === 'open' || targets === 0);
  return isDegraded ? 'degraded' : 'healthy';
}
