import { printableLines, withoutControls } from '../lib/printable.ts';

/** One thing that is wrong in the configuration: where, what, and how to mend it. */
export interface Fault {
  /** Path of the file as a person would type it, or `environment`. */
  readonly file: string;
  /** From 1; 0 when the fault has no place inside the file. */
  readonly line: number;
  readonly column: number;
  /** JSON Pointer (RFC 6901) within the file, or the name of an environment variable. */
  readonly path: string;
  readonly message: string;
  readonly hint?: string;
}

/** A configuration that can't be used. It lists every fault at once and leads to exit code 78. */
export class ConfigError extends Error {
  readonly faults: readonly Fault[];

  constructor(faults: readonly Fault[]) {
    super(faults.map(renderFault).join('\n'));
    this.name = 'GatewayConfigError';
    this.faults = faults;
  }
}

/** What is wrong, for a terminal or a log: one block a fault, and a count at the end. */
export function renderConfigError(error: ConfigError): string {
  const count = error.faults.length;
  return `${error.faults.map(renderFault).join('\n')}\n${count} ${count === 1 ? 'fault' : 'faults'} in the configuration\n`;
}

function renderFault({ file, line, column, path, message, hint }: Fault): string {
  const place = line > 0 ? `${file}:${line}:${column}` : file;
  const head = withoutControls(path === '' ? place : `${place} ${path}`);
  const told = `${head}  ${printableLines(message)}`;
  return hint === undefined ? told : `${told}\n    ${printableLines(hint)}`;
}
