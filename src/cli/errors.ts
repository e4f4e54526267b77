import { BLAMED, listCodes, tellError } from '../error-guide.ts';
import { ERRORS, type ErrorCode } from '../errors.ts';
import { wrap } from '../explain/wrap.ts';
import type { Paint } from '../lib/paint.ts';
import { withoutControls } from '../lib/printable.ts';
import { CliFault, UsageError } from './cli-faults.ts';
import { colourFor } from './colour.ts';
import { renderColumns } from './columns.ts';
import { didYouMean } from './did-you-mean.ts';
import { type CliIo, print } from './io.ts';
import { perform } from './perform.ts';
import { ERRORS_COMMAND } from './table/operating.ts';

/** `turnpike errors`: what codes mean, and what to do about them. Resolves to the exit code. */
export async function runErrors(argv: readonly string[], io: CliIo): Promise<number> {
  return perform(ERRORS_COMMAND, argv, io, ({ values: { status, source, json }, positionals }) => {
    const [code, ...more] = positionals;
    if (more.length > 0) throw new UsageError('one code at a time');
    const paint = colourFor(io, 'out');
    if (code !== undefined) {
      const found = find(code);
      return print(io, json ? `${JSON.stringify(tellError(found), null, 2)}\n` : renderOne(found, paint));
    }
    const found = list(status, source);
    if (json) return print(io, `${JSON.stringify(found.map(tellError), null, 2)}\n`);
    return print(io, renderList(found, paint));
  });
}

function find(code: string): ErrorCode {
  const codes = Object.keys(ERRORS);
  if (Object.hasOwn(ERRORS, code)) return code as ErrorCode;
  throw new CliFault(`there is no code "${withoutControls(code)}"${didYouMean(code, codes)}`);
}

function list(status: string | undefined, source: string | undefined): readonly ErrorCode[] {
  if (status !== undefined && !/^[1-5](?:\d\d|xx)$/.test(status))
    throw new UsageError('--status takes a status: 503, or 5xx');
  if (source !== undefined && !Object.hasOwn(BLAMED, source))
    throw new UsageError(`--source is ${Object.keys(BLAMED).join(', ')}, and not "${withoutControls(source)}"`);
  const found = listCodes().filter((code) => {
    const row = ERRORS[code];
    const isOfStatus = status === undefined || String(row.status).startsWith(status.replace('xx', ''));
    return isOfStatus && (source === undefined || row.source === source);
  });
  if (found.length === 0) throw new CliFault('no code is so');
  return found;
}

function renderOne(code: ErrorCode, paint: Paint): string {
  const { status, source, title, means, client, operator } = tellError(code);
  const colour = status >= 500 ? paint.bad : paint.warn;
  const part = (name: string, text: string): string => `${paint.bold(name)}\n${wrap(`  ${text}`, 2).join('\n')}\n`;
  return [
    `${paint.bold(colour(`${status} ${code}`))}: ${title}; caused by ${BLAMED[source]}\n`,
    part('What it means', means),
    part('What a client can do', client),
    part('What an operator can do', operator),
  ].join('\n');
}

function renderList(codes: readonly ErrorCode[], paint: Paint): string {
  const rows = codes.map((code) => [
    String(ERRORS[code].status),
    code,
    BLAMED[ERRORS[code].source],
    ERRORS[code].title,
  ]);
  const [head = '', ...lines] = renderColumns([['STATUS', 'CODE', 'CAUSED BY', 'TITLE'], ...rows]);
  return `${[paint.bold(head), ...lines].join('\n')}\n`;
}
