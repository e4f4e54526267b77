import { hash } from 'node:crypto';
import type { OperationDefinitionNode } from 'graphql/language/ast';
import { measureDocument, type ReadDocument, readDocument } from './measure.ts';
import { parseQuery } from './parse-query.ts';
import type { QueryFault } from './query-fault.ts';

/** One document of a route's list. */
export interface ListedQuery {
  readonly text: string;
  readonly document: ReadDocument;
}

/** The documents that a route knows, by their IDs and by the SHA-256 of their text in hex. */
export type ListedQueries = ReadonlyMap<string, ListedQuery>;

/** The operator's own: as large as a file may be. */
const SIZE = { maxTokens: 100_000, maxBytes: 1024 * 1024 };

const NO_ARGUMENTS: ReadonlySet<string> = new Set();

/** Reads the list of a route; `report` is told of each document that could never run. */
export function readListedQueries(
  queries: Readonly<Record<string, string>>,
  report: (id: string, fault: QueryFault) => void = () => undefined,
): ListedQueries {
  const listed = new Map<string, ListedQuery>();
  for (const [id, text] of Object.entries(queries)) {
    try {
      const document = readDocument(parseQuery(text, SIZE));
      measureDocument(document, NO_ARGUMENTS, {});
      listed.set(id, { text, document });
      listed.set(sha256(text), { text, document });
    } catch (error) {
      report(id, error as QueryFault);
    }
  }
  return listed;
}

/** The names of all operations of the list: the only ones that a metric has as its label. */
export function namesOf(listed: ListedQueries): ReadonlySet<string> {
  return new Set([...listed.values()].flatMap(({ document }) => document.operations.flatMap(nameOf)));
}

function nameOf({ name }: OperationDefinitionNode): string[] {
  return name === undefined ? [] : [name.value];
}

/** As Apollo's clients and servers name a document. */
export function sha256(text: string): string {
  return hash('sha256', text, 'hex');
}
