import { stepLines } from '../explain/render.ts';
import { type Paint, PLAIN } from '../lib/paint.ts';
import { printableValue, withoutControls } from '../lib/printable.ts';
import type { Mismatch } from './compare.ts';
import type { CaseResult, FileResult } from './run-cases.ts';

const MAX_VALUE_CHARS = 400;

/** The failed cases, each with what came and why, and one line that sums all up. */
export function renderResults(files: readonly FileResult[], tookMs: number, paint: Paint = PLAIN): string {
  const all = files.flatMap(({ file, results }) => results.map((result) => ({ file, result })));
  const failed = all.filter(({ result }) => result.mismatches.length > 0);
  const blocks = failed.map(({ file, result }) => renderFailure(file, result, paint));
  const passed = all.length - failed.length;
  const sum =
    failed.length === 0
      ? paint.good(`ok: ${count(passed)}`)
      : paint.bad(`${failed.length} of ${count(all.length)} failed`);
  return `${[...blocks, `${sum}, in ${Math.round(tookMs)} ms\n`].join('\n')}`;
}

function count(cases: number): string {
  return `${cases} case${cases === 1 ? '' : 's'}`;
}

/** What was expected of a case, what came, and what its stages decided. */
export function renderFailure(file: string, result: CaseResult, paint: Paint = PLAIN): string {
  const { name, line, asked, mismatches, steps, notes } = result;
  return `${[
    `${paint.bad('x')} ${paint.bold(withoutControls(name))}  (${file}:${line})`,
    `  ${withoutControls(asked)}`,
    ...mismatches.map((one) => `  ${describeMismatch(one)}`),
    ...notes.map((note) => `  ${withoutControls(note)}`),
    ...printableValue(steps)
      .flatMap((step) => stepLines(step, {}, paint))
      .map((text) => `    ${text}`),
  ].join('\n')}\n`;
}

/** `status: expected 200, got 403`. */
export function describeMismatch({ what, expected, came }: Mismatch): string {
  if (expected === null && /(?:^|\/)headers\//.test(what)) return `${what}: expected none, got ${show(came)}`;
  return `${what}: expected ${show(expected)}, got ${show(came)}`;
}

function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = withoutControls(JSON.stringify(value));
  return text.length > MAX_VALUE_CHARS ? `${text.slice(0, MAX_VALUE_CHARS)}…` : text;
}

/** A report in the form that CI systems read: a `testsuite` a file, a `testcase` a case. */
export function renderJunit(files: readonly FileResult[]): string {
  const suites = files.map(({ file, results }) => {
    const failures = results.filter(({ mismatches }) => mismatches.length > 0).length;
    const seconds = results.reduce((sum, { tookMs }) => sum + tookMs, 0) / 1000;
    const head = `<testsuite name="${escapeXml(file)}" tests="${results.length}" failures="${failures}" time="${seconds.toFixed(3)}">`;
    return [`  ${head}`, ...results.map((result) => renderTestcase(file, result)), '  </testsuite>'].join('\n');
  });
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="turnpike">\n${suites.join('\n')}\n</testsuites>\n`;
}

function renderTestcase(file: string, result: CaseResult): string {
  const place = `classname="${escapeXml(file)}" file="${escapeXml(file)}" line="${result.line}"`;
  const head = `<testcase name="${escapeXml(result.name)}" ${place} time="${(result.tookMs / 1000).toFixed(3)}"`;
  const [first] = result.mismatches;
  if (first === undefined) return `    ${head}/>`;
  const failure = `<failure message="${escapeXml(describeMismatch(first))}">${escapeXml(renderFailure(file, result))}</failure>`;
  return `    ${head}>${failure}</testcase>`;
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** XML 1.0 has no way to write most control characters. */
function escapeXml(text: string): string {
  return text
    .replace(/[&<>"]/g, (sign) => ENTITIES[sign] as string)
    .replace(/[^\t\n\r\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd');
}
