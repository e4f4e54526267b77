import type { TracingSettings } from '../settings.ts';
import type { Running } from './assemble.ts';

interface StartLine {
  readonly level: 'info';
  readonly message: string;
}

/** What runs where, and what was left out for want of a setting: read once, on start, by a person. */
export function describeStart({ deps, gateway, port, adminPort }: Running): readonly StartLine[] {
  const { settings } = deps;
  const { routes } = gateway.snapshot;
  const lines: StartLine[] = [
    {
      level: 'info',
      message: `turnpike listens on http://${shownHost(settings.host)}:${port}, ${count(routes.length, 'route')} from ${settings.routesFile}`,
    },
    {
      level: 'info',
      message: `admin on http://${shownHost(settings.adminHost)}:${adminPort} (dashboard, metrics, state, reload)`,
    },
  ];
  if (settings.tracing !== undefined) lines.push({ level: 'info', message: describeTracing(settings.tracing) });
  const leftOut: string[] = [];
  if (settings.redisUrl === undefined) leftOut.push('no REDIS_URL: limits count in this process alone');
  if (settings.trustProxy.kind === 'none') leftOut.push('no TRUST_PROXY: X-Forwarded-For is not believed');
  if (settings.corsOrigins.length === 0) leftOut.push('no CORS_ORIGINS: no other origin may call from a browser');
  if (leftOut.length > 0) lines.push({ level: 'info', message: `left out: ${leftOut.join('; ')}` });
  return lines;
}

function describeTracing({ url, sampler: { ratio, isParentBased } }: TracingSettings): string {
  const share = `${Number((ratio * 100).toPrecision(3))} % of requests`;
  const whose = isParentBased ? `those that their caller samples, and ${share} without a caller's word` : share;
  return `traces go to ${url.origin}: ${whose}`;
}

function count(amount: number, noun: string): string {
  return `${amount} ${noun}${amount === 1 ? '' : 's'}`;
}

/** An address that can be opened: "every interface" can't. */
function shownHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}
