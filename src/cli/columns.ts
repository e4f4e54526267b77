import { withoutControls } from '../lib/printable.ts';

/** A table in columns, as wide as what stands in them; a line each, without blanks at its end. */
export function renderColumns(rows: readonly (readonly string[])[], indent = ''): string[] {
  const clean = rows.map((row) => row.map(withoutControls));
  const columns = Math.max(...clean.map(({ length }) => length), 0);
  const widths = Array.from({ length: columns }, (_, at) => Math.max(...clean.map((row) => row[at]?.length ?? 0)));
  return clean.map((row) => `${indent}${row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join('  ')}`.trimEnd());
}

/** A text of at most so many characters; what is left out shows. */
export function shorten(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, Math.max(0, length - 1))}…`;
}
