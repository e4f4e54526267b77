import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Figure, median, type Plan, ratioOf } from './measure.ts';

/** One bar of performance and what was measured against it. */
export interface Bar {
  /** What must hold, in words. */
  readonly name: string;
  readonly limit: number;
  readonly unit: string;
  readonly measured: number;
}

export interface Report {
  readonly at: string;
  readonly machine: string;
  readonly notes: readonly string[];
  readonly plan: Plan;
  readonly figures: readonly Figure[];
  readonly bars: readonly Bar[];
}

const REFERENCE = 'fastify-whole-job';

/** What the figures alone say about the bars. */
export function barsOf(figures: readonly Figure[]): Bar[] {
  const bars: Bar[] = [];
  const add = (name: string, id: string, reference: string, limit: number) => {
    const figure = find(figures, id);
    const base = find(figures, reference);
    if (figure !== undefined && base !== undefined)
      bars.push({ name, limit, unit: 'x', measured: ratioOf(figure, base) });
  };
  add("CPU of the whole job, against Fastify's", 'turnpike', REFERENCE, 0.42);
  add('CPU with limits in Redis, against memory', 'turnpike-redis', 'turnpike', 1.2);
  add('CPU with 1,000 routes, against one', 'turnpike-1000', 'turnpike', 1.05);
  add('CPU of an answer from the cache, against the whole job', 'turnpike-cache', 'turnpike', 0.5);
  return bars;
}

function find(figures: readonly Figure[], id: string): Figure | undefined {
  return figures.find(({ contestant }) => contestant.id === id);
}

/** The table of ratios, as Markdown that also reads well in a terminal. */
export function renderFigures(figures: readonly Figure[]): string {
  const reference = find(figures, REFERENCE);
  const rows = figures.map((figure) => [
    figure.contestant.title,
    figure.contestant.does,
    median(figure.cpuMicroseconds).toFixed(1),
    `${Math.min(...figure.cpuMicroseconds).toFixed(1)}..${Math.max(...figure.cpuMicroseconds).toFixed(1)}`,
    Math.round(median(figure.requestsPerSecond)).toLocaleString('en'),
    reference === undefined ? '' : ratioOf(figure, reference).toFixed(2),
  ]);
  return renderTable(['gateway', 'does', 'CPU µs a request', 'range', 'requests a second', 'x Fastify'], rows);
}

export function renderBars(bars: readonly Bar[]): string {
  const rows = bars.map(({ name, limit, unit, measured }) => [
    name,
    `${limit} ${unit}`,
    `${measured.toFixed(unit === 'x' ? 2 : 0)} ${unit}`,
    measured <= limit ? 'holds' : 'MISSED',
  ]);
  return renderTable(['bar', 'at most', 'measured', ''], rows);
}

function renderTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i] as number)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}

export function renderReport(report: Report): string {
  const { at, machine, notes, plan, figures, bars } = report;
  return `# Benchmark, ${at}

${machine}. ${plan.rounds} rounds of ${plan.secondsPerRound} s each, 50 kept-alive connections, GET answered by 100 bytes of
JSON; CPU is user and system time of the gateway's process; ratios are medians of the ratios within each round. Every
answer was a 200 with the service's body. Access logs go to stdout, which is a file for all alike.

${notes.map((note) => `- ${note}`).join('\n')}

${renderFigures(figures)}

${renderBars(bars)}
`;
}

/** Writes both forms beside each other, named by the time of the run; returns the folder. */
export function saveReport(report: Report): string {
  const folder = join(import.meta.dirname, '..', '..', 'bench-results');
  mkdirSync(folder, { recursive: true });
  const base = join(folder, report.at.replaceAll(':', '-'));
  const figures = report.figures.map(({ contestant, ...rest }) => ({
    id: contestant.id,
    title: contestant.title,
    ...rest,
  }));
  writeFileSync(`${base}.json`, `${JSON.stringify({ ...report, figures }, null, 2)}\n`);
  writeFileSync(`${base}.md`, renderReport(report));
  return `${base}.md`;
}
