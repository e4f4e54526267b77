import type { Metric, Registry } from 'prom-client';
import { inSlices, type Steps } from '../lib/steps.ts';
import type { Exemplar } from './exemplars.ts';
import type { Format } from './format.ts';
import type { Sample, Series } from './series-of.ts';
import { TallyCounter } from './tally-counter.ts';
import { TallyHistogram } from './tally-histogram.ts';

/** So many characters are made into bytes at once. */
const PIECE_CHARS = 64 * 1024;
const TOTAL = '_total';
/** The units that names end with (OpenMetrics 1.0, "UNIT"). */
const UNIT = /_(seconds|bytes)$/;

/** What a registry of prom-client knows of a metric. */
interface Told {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly values: readonly { metricName?: string; labels: Series['labels']; value: number }[];
}

/**
 * Everything in the registry, as a scraper reads it. It is made in slices between which requests are served, since the
 * text of a thousand routes takes tens of milliseconds: the metrics of one route are of one moment, those of two need not
 * be.
 */
export function renderMetrics(registry: Registry, format: Format): Promise<Buffer> {
  return inSlices(renderInSteps(registry, format));
}

function* renderInSteps(registry: Registry, format: Format): Steps<Buffer> {
  const pieces: Buffer[] = [];
  let text = '';
  for (const metric of registry.getMetricsAsArray() as unknown as (Metric | TallyCounter | TallyHistogram)[]) {
    const { head, all } = yield* read(metric);
    text += renderHead(head, format);
    for (const series of all) {
      text += renderSeries(head.name, series, format);
      if (text.length >= PIECE_CHARS) {
        pieces.push(Buffer.from(text));
        text = '';
      }
      yield;
    }
  }
  pieces.push(Buffer.from(format === 'openMetrics' ? `${text}# EOF\n` : text));
  return Buffer.concat(pieces);
}

interface Read {
  readonly head: Pick<Told, 'name' | 'help' | 'type'>;
  readonly all: Iterable<NamedSeries>;
}

function* read(metric: Metric | TallyCounter | TallyHistogram): Generator<Promise<unknown>, Read> {
  if (metric instanceof TallyCounter || metric instanceof TallyHistogram) return { head: metric, all: metric.series() };
  const told = yield* ask(metric);
  return { head: told, all: seriesOf(told) };
}

/** A metric of prom-client's own says what it has by a promise. */
function* ask(metric: Metric): Generator<Promise<unknown>, Told> {
  const { name, help, type } = metric as unknown as Told;
  let told: Told = { name, help, type, values: [] };
  yield (metric as unknown as { get(): Promise<Told> }).get().then((read) => {
    told = read;
  });
  return told;
}

/** Of a histogram or a summary of prom-client's, each line has a name. */
type NamedSeries = Series & { readonly name?: string | undefined };

function* seriesOf({ values }: Told): Generator<NamedSeries> {
  for (const { metricName: name, labels, value } of values) yield { name, labels, samples: [{ value }] };
}

/** The family has a counter's name without its `_total` in OpenMetrics, and its unit. */
function renderHead({ name, help, type }: Pick<Told, 'name' | 'help' | 'type'>, format: Format): string {
  if (format === 'text') return `# HELP ${name} ${escapeLine(help)}\n# TYPE ${name} ${type}\n`;
  const family = type === 'counter' && name.endsWith(TOTAL) ? name.slice(0, -TOTAL.length) : name;
  const [, unit] = UNIT.exec(family) ?? [];
  const unitLine = unit === undefined ? '' : `# UNIT ${family} ${unit}\n`;
  return `# TYPE ${family} ${type}\n${unitLine}# HELP ${family} ${escapeText(help)}\n`;
}

function renderSeries(metric: string, series: NamedSeries, format: Format): string {
  const name = series.name ?? metric;
  let labels = '';
  for (const key of Object.keys(series.labels)) {
    const value = series.labels[key] as string | number;
    const shown = key === 'le' && typeof value === 'number' ? boundText(value, format) : escapeText(String(value));
    labels += `${labels === '' ? '' : ','}${key}="${shown}"`;
  }
  let text = '';
  for (const sample of series.samples) text += renderSample(name, labels, sample, format);
  return text;
}

function renderSample(
  name: string,
  labels: string,
  { suffix = '', le, value, exemplar }: Sample,
  format: Format,
): string {
  const bound = le === undefined ? '' : `le="${boundText(le, format)}"${labels === '' ? '' : ','}`;
  const all = labels === '' && bound === '' ? '' : `{${bound}${labels}}`;
  const example = exemplar === undefined || format === 'text' ? '' : renderExemplar(exemplar);
  return `${name}${suffix}${all} ${numberText(value)}${example}\n`;
}

/** Its two IDs, by the names that OpenTelemetry and Grafana know them by. */
function renderExemplar({ traceparent, value, atMs }: Exemplar): string {
  const [, trace = '', span = ''] = traceparent.split('-');
  return ` # {trace_id="${trace}",span_id="${span}"} ${numberText(value)} ${(atMs / 1000).toFixed(3)}`;
}

/** A bound is a label, and so has one form (OpenMetrics 1.0, "Canonical Numbers"). */
function boundText(bound: number, format: Format): string {
  return format === 'openMetrics' && Number.isInteger(bound) ? bound.toFixed(1) : numberText(bound);
}

function numberText(value: number): string {
  if (Number.isFinite(value)) return String(value);
  if (Number.isNaN(value)) return 'NaN';
  return value > 0 ? '+Inf' : '-Inf';
}

function escapeLine(text: string): string {
  return /[\\\n]/.test(text) ? text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n') : text;
}

function escapeText(text: string): string {
  return escapeLine(text).replaceAll('"', '\\"');
}
