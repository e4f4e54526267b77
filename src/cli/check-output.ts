import type { Finding } from '../audit/locate.ts';
import { ConfigError, renderConfigError } from '../config/config-error.ts';
import type { Severity } from '../findings.ts';
import { type Paint, PLAIN } from '../lib/paint.ts';
import { printableJson, printableLines, withoutControls } from '../lib/printable.ts';
import type { Checked } from './check-file.ts';

/** More of a kind than these tell nobody more. */
const SHOWN_OF_A_KIND = 20;

const SEVERITIES: readonly Severity[] = ['error', 'warning', 'info'];

/** For a terminal: faults and findings on standard error, and one line on standard output where there are no faults. */
export function renderCheckText(
  checked: Checked,
  isStrict: boolean,
  paint: Readonly<Record<'out' | 'err', Paint>> = { out: PLAIN, err: PLAIN },
): { readonly out: string; readonly err: string } {
  const { faults, findings, routes, files, silenced } = checked;
  const told = renderFaults(checked) + renderFindings(findings, paint.err);
  if (faults.length > 0) return { out: '', err: told };
  const failing = findings.filter(({ severity }) => severity !== 'info').length;
  if (isStrict && failing > 0) {
    const counted = renderCounts(findings.filter(({ severity }) => severity !== 'info'));
    return { out: '', err: `${told}${paint.err.bad(counted.join(' and '))}, and --strict takes none\n` };
  }
  const found = `${count(routes, 'route')} in ${count(files.length, 'file')}`;
  const more = [...renderCounts(findings), ...(silenced.length > 0 ? [`${silenced.length} silenced`] : [])];
  const [main = ''] = files;
  return { out: `${paint.out.good('ok')}: ${[found, ...more].join(', ')}: ${withoutControls(main)}\n`, err: told };
}

/** The one document of `--json`. */
export function renderCheckJson({ files, routes, faults, findings, silenced }: Checked): string {
  const counts = Object.fromEntries(SEVERITIES.map((severity) => [severity, ofSeverity(findings, severity).length]));
  const document = { ok: faults.length === 0, files, routes, counts, faults, findings, silenced };
  return `${printableJson(document, 2)}\n`;
}

function renderFaults({ faults }: Checked): string {
  return faults.length === 0 ? '' : renderConfigError(new ConfigError(faults));
}

function renderFindings(findings: readonly Finding[], paint: Paint): string {
  const told = new Map<string, number>();
  const lines = findings.flatMap((finding) => {
    const before = told.get(finding.id) ?? 0;
    told.set(finding.id, before + 1);
    return before < SHOWN_OF_A_KIND ? [renderFinding(finding, paint)] : [];
  });
  const left = [...told].flatMap(([id, number]) =>
    number > SHOWN_OF_A_KIND ? [`${number - SHOWN_OF_A_KIND} more of ${id}: --json has all\n`] : [],
  );
  return [...lines, ...left].join('');
}

const COLOURS: Readonly<Record<Severity, (paint: Paint) => Paint[keyof Paint]>> = {
  error: ({ bad }) => bad,
  warning: ({ warn }) => warn,
  info: ({ dim }) => dim,
};

/** As a fault is rendered, with how bad it is and its id. */
function renderFinding(finding: Finding, paint: Paint): string {
  const { id, severity, file, line, column, path, message, fix } = finding;
  const place = line > 0 ? `${file}:${line}:${column}` : file;
  const head = withoutControls(path === '' ? place : `${place} ${path}`);
  return `${head}  ${COLOURS[severity](paint)(severity)}: ${printableLines(message)} ${paint.dim(`[${id}]`)}\n    ${printableLines(fix)}\n`;
}

function renderCounts(findings: readonly Finding[]): string[] {
  return SEVERITIES.flatMap((severity) => {
    const number = ofSeverity(findings, severity).length;
    if (number === 0) return [];
    return [severity === 'info' ? `${number} info` : count(number, severity)];
  });
}

function ofSeverity(findings: readonly Finding[], wanted: Severity): readonly Finding[] {
  return findings.filter(({ severity }) => severity === wanted);
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
