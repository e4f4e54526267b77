/** The two forms in which metrics are told. */
export const FORMATS = {
  /** Prometheus' own, which everybody reads. */
  text: 'text/plain; version=0.0.4; charset=utf-8',
  /** OpenMetrics 1.0, which alone has exemplars. */
  openMetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
} as const;

export type Format = keyof typeof FORMATS;

/** A line of a field is read up to here. */
const MAX_CHARS = 4096;
/** 0.0.1 is what Prometheus asked for before there was a standard; it is the same but for details that we don't use. */
const VERSIONS = ['1.0.0', '0.0.1', ''];

/**
 * The form that a scraper wants (RFC 9110, section 12.5.1): OpenMetrics where its Accept names that, and prefers nothing
 * to it that we have. Nobody is refused: whoever takes neither is given the text.
 */
export function chooseFormat(accept: string | undefined): Format {
  const ranges = (accept ?? '').slice(0, MAX_CHARS).split(',').map(readRange);
  const open = weightOf(
    ranges.filter(({ type, version }) => type === 'application/openmetrics-text' && VERSIONS.includes(version)),
  );
  const text =
    weightOf(ranges.filter(({ type }) => type === 'text/plain')) ??
    weightOf(ranges.filter(({ type }) => type === 'text/*' || type === '*/*'));
  return open !== undefined && open > 0 && open >= (text ?? 0) ? 'openMetrics' : 'text';
}

interface Range {
  readonly type: string;
  readonly version: string;
  readonly weight: number;
}

function weightOf(ranges: readonly Range[]): number | undefined {
  return ranges.length === 0 ? undefined : Math.max(...ranges.map(({ weight }) => weight));
}

function readRange(range: string): Range {
  const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
  let version = '';
  let weight = 1;
  for (const parameter of parameters) {
    const [name = '', value = ''] = parameter.split('=', 2).map((part) => part.trim());
    if (name === 'version') version = value.replaceAll('"', '');
    else if (name === 'q') weight = /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(value) ? Number(value) : 0;
  }
  return { type, version, weight };
}
