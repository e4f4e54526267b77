import { printableLines, withoutControls } from '../lib/printable.ts';

/** The width of a terminal that nobody has made wider. */
export const COLUMNS = 80;
const INDENT = ' '.repeat(9);
const MAX_SIDE_COLUMNS = 30;

/** One line of the access log, as far as it is told here. */
interface AccessLine {
  readonly time: string;
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly totalMs: number;
  readonly route?: string;
  readonly service?: string;
  readonly target?: string;
  readonly cache?: string;
  readonly part?: string;
  readonly code?: string;
  readonly detail?: string;
  readonly nearestRoute?: string;
  readonly aborted?: string;
}

interface MessageLine {
  readonly time: string;
  readonly level: string;
  readonly message: string;
  readonly changes?: readonly string[];
  readonly error?: { readonly message?: string } | string;
}

export interface LineTerms {
  readonly isColoured: boolean;
  /** Whether a target's calls get a stub. */
  readonly isStubbed: (origin: string) => boolean;
  /** The command that explains a request. */
  readonly explain: (method: string, path: string) => string;
}

const COLOURS: Readonly<Record<string, string>> = { 2: '32', 3: '36', 4: '33', 5: '31', error: '31', warn: '33' };

/** Lines for the eye of what the gateway has written as JSON; each within 80 columns, but for a command. */
export function createLines({ isColoured, isStubbed, explain }: LineTerms) {
  const paint = (text: string, colour: string | undefined): string =>
    isColoured && colour !== undefined ? `\u001b[${colour}m${text}\u001b[0m` : text;

  function farSide({ service, target, cache, code }: AccessLine): string {
    if (cache === 'hit' || cache === 'stale') return '→ cache';
    if (target === undefined) return code === undefined ? '→ gateway' : '→ refused';
    const origin = URL.parse(target)?.origin ?? target;
    return `→ ${service ?? target}${isStubbed(origin) ? ' (stub)' : ''}`;
  }

  return {
    request(text: string): string {
      const line = JSON.parse(text) as AccessLine;
      const start = `${timeOf(line.time)} ${cut(line.method, 7).padEnd(7)} `;
      const status = String(line.status);
      const tookMs = `${Math.round(line.totalMs)} ms`.padStart(8);
      const room = COLUMNS - start.length - status.length - tookMs.length - 5;
      const path = (line.part === undefined ? '' : '↳ ') + withoutControls(line.path);
      const end = cut(withoutControls(farSide(line)), MAX_SIDE_COLUMNS);
      const shown = cut(path, room - end.length);
      // The name of the route is said where it does not take room from the path: it is mostly how that begins.
      const left = room - shown.length - end.length - 1;
      const name = line.route !== undefined && line.route.length <= left ? `${withoutControls(line.route)} ` : '';
      const head = `${start}${paint(status, COLOURS[status.charAt(0)])} ${tookMs}  ${shown}  ${name}${end}`;
      return [head, ...reasons(line)].map((one) => `${one.trimEnd()}\n`).join('');
    },
    message(text: string): string {
      const { time, level, message, changes = [], error } = JSON.parse(text) as MessageLine;
      const cause = typeof error === 'object' ? error.message : error;
      const told = [message, ...(cause === undefined ? [] : [cause]), ...changes.map((change) => `- ${change}`)];
      return `${timeOf(time)} ${paint(level, COLOURS[level])} ${printableLines(told.join('\n'))}\n`;
    },
  };

  /** Why it was refused, and how to hear more. */
  function reasons({ code, detail, nearestRoute, method, path, part, status }: AccessLine): string[] {
    if (code === undefined || code === 'client_closed') return [];
    const nearest = nearestRoute === undefined ? '' : ` The nearest route is ${nearestRoute}.`;
    const why = `${INDENT}${code}: ${withoutControls(`${detail ?? ''}${nearest}`.trim())}`;
    const hint = part === undefined && status < 500 ? [`${INDENT}${explain(method, path)}`] : [];
    return [cut(why.replace(/: $/, ''), COLUMNS), ...hint];
  }
}

/** Of an ISO time, by the clock of UTC as in the logs. */
function timeOf(iso: string): string {
  return iso.slice(11, 19);
}

/** No longer than so many columns. */
export function cut(text: string, columns: number): string {
  return text.length <= columns ? text : `${text.slice(0, Math.max(0, columns - 1))}…`;
}
