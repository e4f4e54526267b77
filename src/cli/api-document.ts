import { readFileSync, statSync } from 'node:fs';
import { LineCounter, parseDocument } from 'yaml';
import { ConfigError, type Fault } from '../config/config-error.ts';
import { DocumentFault } from '../validate/document-fault.ts';
import { type ApiDocument, MAX_DOCUMENT_BYTES, readApiDocument } from '../validate/openapi/read-document.ts';

/**
 * Reads an OpenAPI document from a file, or throws a ConfigError that says where in it what is wrong. A file that
 * can't be read throws as `node:fs` does.
 */
export function loadApiDocument(file: string): ApiDocument {
  if (statSync(file).size > MAX_DOCUMENT_BYTES) {
    const message = `the document is larger than ${MAX_DOCUMENT_BYTES / 1024 / 1024} MiB`;
    throw new ConfigError([{ file, line: 0, column: 0, path: '', message }]);
  }
  const text = readFileSync(file, 'utf8').replace(/^\uFEFF/, '');
  return toldAsConfig(file, text, () => readApiDocument(text));
}

/** Does something with a document; what is wrong in it is told as a fault of that file. */
export function withApiDocument<T>(file: string, act: (document: ApiDocument) => T): T {
  const document = loadApiDocument(file);
  return toldAsConfig(file, undefined, () => act(document));
}

function toldAsConfig<T>(file: string, text: string | undefined, act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (!(error instanceof DocumentFault)) throw error;
    throw new ConfigError([faultOf(file, text ?? readFileSync(file, 'utf8'), error)]);
  }
}

function faultOf(file: string, text: string, { pointer, place, message, hint }: DocumentFault): Fault {
  const { line, column } = place ?? findPlace(text, pointer);
  return { file, line, column, path: pointer, message, ...(hint !== undefined && { hint }) };
}

/** Where the value at a JSON Pointer is written, in YAML or in JSON, which is YAML too. Line 0 where that is not known. */
function findPlace(text: string, pointer: string): { line: number; column: number } {
  const lineCounter = new LineCounter();
  const parts = pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  const node = parseDocument(text, { lineCounter }).getIn(parts, true) as { range?: [number] } | undefined;
  const offset = node?.range?.[0];
  if (offset === undefined) return { line: 0, column: 0 };
  const { line, col } = lineCounter.linePos(offset);
  return { line, column: col };
}
