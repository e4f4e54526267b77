import { parseJsonExactly } from '../../lib/json-text.ts';
import { QueryFault } from './query-fault.ts';
import { type GraphqlMessage, readMessage } from './read-message.ts';

/** Parameters of a GET (GraphQL over HTTP, section 5.4), and those by which some services take a listed document. */
const TEXTS = ['query', 'operationName', 'id', 'documentId'] as const;
const OBJECTS = ['variables', 'extensions'] as const;

/** Some services read `doc_id` or `QUERY` all the same: no such name may come beside what was looked at. */
const MEANINGFUL = new Set(
  [...TEXTS, ...OBJECTS, 'operation', 'operations', 'doc_id', 'queryId', 'hash', 'sha256Hash', 'map'].map(plainName),
);

/**
 * Reads the message that the query of a URL holds (with its `?`); undefined where it holds none. Throws `QueryFault`
 * where a parameter is there twice, or where services could disagree about what it is.
 */
export function readUrlMessage(query: string): GraphqlMessage | undefined {
  const found = readParameters(query);
  if (found.size === 0) return undefined;
  const fields: Record<string, unknown> = {};
  for (const name of TEXTS) if (found.has(name)) fields[name] = found.get(name);
  for (const name of OBJECTS) {
    const text = found.get(name) ?? '';
    if (text !== '') fields[name] = parseMember(name, text);
  }
  return readMessage(fields);
}

/**
 * True where the query of a URL says something that a service could take for an operation, or for a part of one; a name
 * that can't be decoded may be anything.
 */
export function holdsMessage(query: string): boolean {
  try {
    return query.length > 1 && partsOf(query).some((part) => isMeaningful(nameOf(part)));
  } catch (error) {
    if (error instanceof QueryFault) return true;
    throw error;
  }
}

/** The same URL's query with what was read from it, written anew; other parameters stay as they are. */
export function renderUrlMessage(query: string, message: object): string {
  const kept = query.length > 1 ? partsOf(query).filter((part) => part !== '' && !isMeaningful(nameOf(part))) : [];
  const told = Object.entries(message).flatMap(([name, value]) => {
    if (value === undefined) return [];
    return [
      `${name}=${encodeURIComponent((typeof value === 'string' ? value : JSON.stringify(value)).toWellFormed())}`,
    ];
  });
  return `?${[...kept, ...told].join('&')}`;
}

function readParameters(query: string): ReadonlyMap<string, string> {
  const known: readonly string[] = [...TEXTS, ...OBJECTS];
  const found = new Map<string, string>();
  for (const part of query.length > 1 ? partsOf(query) : []) {
    const name = nameOf(part);
    if (!isMeaningful(name)) continue;
    if (!known.includes(name))
      throw new QueryFault('a parameter that one service may read as part of it, and another not');
    if (found.has(name)) throw new QueryFault(`"${name}" twice in the URL`);
    const equals = part.indexOf('=');
    found.set(name, equals < 0 ? '' : decode(part.slice(equals + 1)));
  }
  return found;
}

/** A few services take `;` for `&`: so does this, and what is cut in two by it is refused or incomplete for all. */
function partsOf(query: string): string[] {
  return query.slice(1).split(/[&;]/);
}

function nameOf(part: string): string {
  const equals = part.indexOf('=');
  return decode(equals < 0 ? part : part.slice(0, equals));
}

function isMeaningful(name: string): boolean {
  return MEANINGFUL.has(plainName(name));
}

/** `Query`, `query[]` and ` query` are `query` to one framework or another. */
function plainName(name: string): string {
  return (name.split(/[[.\0]/, 1)[0] ?? '').trim().toLowerCase();
}

/** As a form is decoded (URL standard, section 5.1), but for octets that are no UTF-8: those are refused. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw new QueryFault('a percent-encoding in the URL that is none');
  }
}

function parseMember(name: string, text: string): unknown {
  try {
    return parseJsonExactly(text);
  } catch {
    throw new QueryFault(`"${name}" is no JSON`);
  }
}
