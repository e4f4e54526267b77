import type { RequestContext } from '../context.ts';
import type { Deps, Tracing } from '../deps.ts';
import { isSampled, spanIdOf, withSampled } from '../lib/trace-context.ts';
import type { TracingSettings } from '../settings.ts';
import { createEpoch } from './epoch.ts';
import { Exporter } from './exporter.ts';
import { GatewaySpan, type Tracer } from './request-span.ts';
import { createSampler } from './sampler.ts';

/** Makes what traces requests; the only file of this folder that others know, and only where somebody traces. */
export function createTracing(
  settings: TracingSettings,
  deps: Pick<Deps, 'call' | 'clock' | 'hidden' | 'log' | 'metrics'>,
): Tracing {
  const { isParentBased } = settings.sampler;
  const isRootSampled = createSampler(settings.sampler);
  const epochAt = createEpoch(deps.clock);
  const exporter = new Exporter(settings, deps);
  const tracer: Tracer = { hidden: deps.hidden, add: (span) => exporter.add(span) };

  /** A part goes as its whole does. */
  function decide({ parent, traceparent }: RequestContext, from: string | undefined): boolean {
    if (parent !== undefined) return parent.span !== undefined;
    return from !== undefined && isParentBased ? isSampled(from) : isRootSampled(traceparent);
  }

  return {
    begin(context, from) {
      const sampled = decide(context, from);
      const { traceparent } = context;
      const told = isSampled(traceparent) === sampled ? traceparent : withSampled(traceparent, sampled);
      if (sampled) {
        const parentId = from === undefined ? undefined : spanIdOf(from);
        context.span = new GatewaySpan(tracer, context, told, parentId, epochAt(context.startedAtMs));
      }
      return told;
    },
    close: () => exporter.close(),
  };
}
