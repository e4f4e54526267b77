import { TallyHistogram } from '../../src/metrics/tally-histogram.ts';
import { createMetrics } from '../../src/metrics.ts';

/** The heading of the part of docs/metrics.md that is written here; what stands above it is a person's. */
const HEADING = '## Every metric\n';

interface Described {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly labelNames: readonly string[];
}

/** The page with its generated part made anew. */
export function renderMetricsPage(page: string): string {
  const handwritten = page.split(HEADING, 1)[0] ?? '';
  const metrics = createMetrics().registry.getMetricsAsArray() as unknown as readonly Described[];
  const rows = metrics.map(renderRow);
  return `${handwritten.trimEnd()}

${HEADING}
<!-- From here on written by "npm run docs" from src/metrics.ts. -->

| metric | type | labels | meaning |
|---|---|---|---|
${rows.join('\n')}
`;
}

function renderRow(metric: Described): string {
  const { name, help, type, labelNames } = metric;
  const labels = labelNames.map((label) => `\`${label}\``).join(', ');
  return `| \`${name}\` | ${type} | ${labels} | ${help}${boundsOf(metric)} |`;
}

function boundsOf(metric: unknown): string {
  return metric instanceof TallyHistogram ? ` Buckets up to ${metric.bounds.join(', ')}.` : '';
}
