import { readFileSync, statSync } from 'node:fs';
import { LineCounter, parseDocument } from 'yaml';
import { ConfigError, type Fault } from '../config/config-error.ts';
import { pointerKeys } from '../lib/json-pointer.ts';
import type { Steps } from '../lib/steps.ts';
import { DocumentFault } from '../validate/document-fault.ts';
import { useApi } from '../validate/openapi/api.ts';
import { type ApiDocument, readApiDocument } from '../validate/openapi/read-document.ts';
import { InvalidSchema } from '../validate/schema.ts';

/** As large as a document in YAML may be that routes are checked by; one in JSON is read much faster. */
const MAX_BYTES = 4 * 1024 * 1024;
const MAX_JSON_BYTES = 16 * 1024 * 1024;
/** Tens of thousands of schemas take minutes, and whoever has those had better have several documents. */
const MAX_CHECK_MS = 30_000;
/** Where a fault is in a longer text its pointer tells alone: to find the line all of it is read once more. */
const MAX_SEARCHED_CHARS = 1024 * 1024;

/**
 * Does something with an OpenAPI document that a gateway could check requests by. Throws a ConfigError that says where in
 * the file what is wrong. A file that can't be read throws as `node:fs` does.
 */
export function withApiDocument<T>(file: string, act: (document: ApiDocument) => T): T {
  const text = readDocumentText(file);
  try {
    const document = readApiDocument(text);
    const done = act(document);
    const attached = { path: file, text, beside: new Map<string, string>(), digest: '' };
    finishInTime(file, useApi(attached, { ignoreUncheckable: false, withAnswers: true }));
    return done;
  } catch (error) {
    const faults = error instanceof InvalidSchema ? error.faults : [error];
    if (!faults.every((fault) => fault instanceof DocumentFault)) throw error;
    const findPlace = createFinder(text);
    throw new ConfigError(faults.map((fault) => faultOf(file, fault, findPlace)));
  }
}

/** The text of a document, which is bounded. Throws a ConfigError for what is no file, or is too large. */
export function readDocumentText(file: string): string {
  const stats = statSync(file);
  // A pipe is waited for without end, and a device has none.
  if (!stats.isFile()) throw refusal(file, 'this is no file');
  if (stats.size > MAX_JSON_BYTES) throw refusal(file, 'the document is larger than 16 MiB');
  const text = readFileSync(file, 'utf8').replace(/^\uFEFF/, '');
  if (text.length > MAX_BYTES && !/^\s*\{/.test(text))
    throw refusal(file, 'YAML of more than 4 MiB is not read', 'Write it as JSON, which is read twenty times as fast.');
  return text;
}

function finishInTime(file: string, steps: Steps<unknown>): void {
  const due = performance.now() + MAX_CHECK_MS;
  while (steps.next().done !== true)
    if (performance.now() > due) {
      const hint = 'Make several documents of it: a gateway would need that time with each start.';
      throw refusal(file, `the schemas of the document take longer than ${MAX_CHECK_MS / 1000} s to check`, hint);
    }
}

function refusal(file: string, message: string, hint?: string): ConfigError {
  return new ConfigError([{ file, line: 0, column: 0, path: '', message, ...(hint !== undefined && { hint }) }]);
}

interface LineAndColumn {
  readonly line: number;
  readonly column: number;
}

type FindPlace = (pointer: string) => LineAndColumn;

function faultOf(file: string, { pointer, place, message, hint }: DocumentFault, findPlace: FindPlace): Fault {
  const { line, column } = place ?? findPlace(pointer);
  return { file, line, column, path: pointer, message, ...(hint !== undefined && { hint }) };
}

const UNKNOWN = { line: 0, column: 0 };

/** Where the value at a JSON Pointer is written, in YAML or in JSON, which is YAML too. Line 0 where that is not known. */
function createFinder(text: string): FindPlace {
  if (text.length > MAX_SEARCHED_CHARS) return () => UNKNOWN;
  const lineCounter = new LineCounter();
  let document: ReturnType<typeof parseDocument> | undefined;
  return (pointer) => {
    // Read once for all faults, and only where one has no place of its own: what is no YAML at all has none to be found.
    document ??= parseDocument(text, { lineCounter, prettyErrors: false, uniqueKeys: false });
    const node = document.getIn(pointerKeys(pointer), true) as { range?: [number] } | undefined;
    const offset = node?.range?.[0];
    if (offset === undefined) return UNKNOWN;
    const { line, col } = lineCounter.linePos(offset);
    return { line, column: col };
  };
}
