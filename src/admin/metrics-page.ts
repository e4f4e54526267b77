import type { IncomingMessage } from 'node:http';
import type { Deps } from '../deps.ts';
import { renderMetrics } from '../metrics/exposition.ts';
import { chooseFormat, FORMATS } from '../metrics/format.ts';
import type { AdminAnswer } from './answer.ts';

/** `GET /metrics`: the text of Prometheus, or OpenMetrics for whoever asks for that; from then on exemplars are kept. */
export async function showMetrics(
  { metrics, clock }: Pick<Deps, 'metrics' | 'clock'>,
  { headers }: Pick<IncomingMessage, 'headers'>,
): Promise<AdminAnswer> {
  const format = chooseFormat(headers.accept);
  if (format === 'openMetrics') metrics.exemplars.ask(clock.now());
  const body = await renderMetrics(metrics.registry, format);
  return { status: 200, body, type: FORMATS[format], headers: ['vary', 'accept'] };
}
