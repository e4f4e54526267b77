import { encodeOctet } from '../lib/percent-encode.ts';
import { explainFault } from '../values/expression.ts';
import { ExpressionFault } from '../values/faults.ts';
import { DASHLESS_NAME, type Known, paramReference, parseReference, type Reference, ValueFault } from './reference.ts';

/** A piece of a target: text as it stands, or the place of a value. */
type Piece = string | Reference;

/**
 * Where a part leads: a path and a query of the gateway's own, with the places of values in them. Two with the same text
 * are equal: what they were compiled to is nothing that anybody compares.
 */
export class PathTemplate {
  /** As written. */
  readonly text: string;
  readonly #segments: readonly (readonly Piece[])[];
  readonly #query: readonly Piece[] | undefined;

  constructor(text: string, path: readonly Piece[], query: readonly Piece[] | undefined) {
    this.text = text;
    this.#segments = splitSegments(path);
    this.#query = query;
  }

  /** The segments of the path; the empty one before the first slash is left out. */
  get segments(): readonly (readonly Piece[])[] {
    return this.#segments;
  }

  /** Without its `?`; undefined where there is none. */
  get query(): readonly Piece[] | undefined {
    return this.#query;
  }

  /** Those of the path. */
  get pathReferences(): readonly Reference[] {
    return this.#segments.flat().filter((piece) => typeof piece !== 'string');
  }

  /** The values that it needs. */
  get references(): readonly Reference[] {
    return [...this.#segments.flat(), ...(this.#query ?? [])].filter((piece) => typeof piece !== 'string');
  }

  toJSON(): string {
    return this.text;
  }
}

/** A template that can't be read; the message says why. */
export class TemplateFault extends Error {}

const PLACE = /\$\{([^{}]*)\}/g;
/** What may stand in a URL as it is (RFC 3986, section 2); a fragment is never sent. */
const NOT_IN_URL = /[^\x21-\x7e]|[#"<>\\^`{|}]/;
const MAX_CHARS = 2048;

/** Reads `/api/teams/${parts.user.teamId}?for=${params.id}` and `/api/users/:id`. Throws `TemplateFault`. */
export function parsePathTemplate(text: string): PathTemplate {
  if (text.length > MAX_CHARS) throw new TemplateFault(`is longer than ${MAX_CHARS} characters`);
  if (!text.startsWith('/')) throw new TemplateFault('must be a path of the gateway, "/api/users/:id" for one');
  const pieces = splitPieces(text);
  const at = pieces.findIndex((piece) => typeof piece === 'string' && piece.includes('?'));
  if (at < 0) return new PathTemplate(text, pieces, undefined);
  const middle = pieces[at] as string;
  const mark = middle.indexOf('?');
  const query = [middle.slice(mark + 1), ...pieces.slice(at + 1)].filter((piece) => piece !== '');
  refuseNames(query);
  return new PathTemplate(text, [...pieces.slice(0, at), middle.slice(0, mark)], query);
}

/** `:id` is a name in a path alone: in a query it would be sent by the letter. What means it writes `%3A`. */
function refuseNames(query: readonly Piece[]): void {
  for (const piece of query) {
    if (typeof piece !== 'string') continue;
    const name = /=:([A-Za-z]\w*)(?=&|$)/.exec(piece)?.[1];
    if (name === undefined) continue;
    throw new TemplateFault(`":${name}" in a query would be sent as it stands: write "\${params.${name}}"`);
  }
}

/** Text and places by turns. */
function splitPieces(text: string): Piece[] {
  const pieces: Piece[] = [];
  let end = 0;
  for (const match of text.matchAll(PLACE)) {
    addText(pieces, text.slice(end, match.index));
    pieces.push(placeOf(match[1] as string));
    end = match.index + match[0].length;
  }
  addText(pieces, text.slice(end));
  return pieces;
}

function placeOf(source: string): Reference {
  try {
    return parseReference(source);
  } catch (error) {
    if (!(error instanceof ExpressionFault)) throw error;
    throw new TemplateFault(`\${${source}}: ${explainFault(source, 'parts', error)}`, { cause: error });
  }
}

function addText(pieces: Piece[], text: string): void {
  if (text === '') return;
  if (text.includes('${')) throw new TemplateFault('has a "${" without its "}"');
  const [bad] = NOT_IN_URL.exec(text) ?? [];
  if (bad !== undefined) throw new TemplateFault(`${JSON.stringify(bad)} can't stand in a URL: percent-encode it`);
  pieces.push(text);
}

function splitSegments(path: readonly Piece[]): Piece[][] {
  const segments: Piece[][] = [];
  for (const piece of path) {
    if (typeof piece !== 'string') {
      segments.at(-1)?.push(piece);
      continue;
    }
    const [first = '', ...others] = piece.split('/');
    if (first !== '') segments.at(-1)?.push(first);
    for (const other of others) segments.push(other === '' ? [] : [other]);
  }
  return segments.map(withName);
}

/** A segment `:id` stands for the value of the prefix' segment of that name. */
function withName(segment: Piece[]): Piece[] {
  const [only] = segment;
  if (segment.length !== 1 || typeof only !== 'string' || !only.startsWith(':')) return segment;
  const name = only.slice(1);
  if (!DASHLESS_NAME.test(name)) throw new TemplateFault(`"${only}" is no name of a segment`);
  return [paramReference(name)];
}

/** The path with a stand-in at the place of each value: to look at its form. */
export function samplePath({ segments }: PathTemplate): string {
  return `/${segments.map((segment) => segment.map((piece) => (typeof piece === 'string' ? piece : 'x')).join('')).join('/')}`;
}

/** Puts the values into their places. Throws `ValueFault` where one would lead elsewhere. */
export function fillTemplate({ segments, query }: PathTemplate, known: Known): string {
  let target = '';
  for (const segment of segments) target += `/${fillSegment(segment, known)}`;
  if (query === undefined) return target;
  target += '?';
  for (const piece of query) target += typeof piece === 'string' ? piece : queryText(piece, known);
  return target;
}

/** What no escape can make a name: dots that climb, and those that some services see behind a parameter. */
const CLIMBS = /^(?:\.|%2E){0,2}(?:;|%3B|$)/i;
/** Escapes of what no path of the gateway may have. */
const FORBIDDEN = /%(?:[01][0-9A-F]|7F|5C)/i;

/** One segment, whatever the values in it are: a slash or a question mark of theirs stays a part of the name. */
function fillSegment(segment: readonly Piece[], known: Known): string {
  const [only] = segment;
  if (segment.length === 0 || (segment.length === 1 && typeof only === 'string')) return (only as string) ?? '';
  let filled = '';
  let places = '';
  let isClients = true;
  for (const piece of segment) {
    if (typeof piece === 'string') {
      filled += piece;
      continue;
    }
    const { text, isEncoded } = piece.read(known);
    filled += isEncoded ? text : encode(text, piece);
    places += `\${${piece.text}}`;
    isClients &&= piece.isClients;
  }
  if (CLIMBS.test(filled) || FORBIDDEN.test(filled))
    throw new ValueFault(`${places} is no name of a path's segment`, isClients);
  return filled;
}

function queryText(place: Reference, known: Known): string {
  const { text, isEncoded } = place.read(known);
  if (!isEncoded) return encode(text, place);
  // In a path "&", "=" and "+" are letters like any other; in a query they are not.
  return text.replace(/[^A-Za-z0-9\-._~%]/g, encodeOctet);
}

/** A percent-encoded component (RFC 3986, section 2.1), in which only unreserved characters stand as they are. */
function encode(text: string, place: Reference): string {
  if (!text.isWellFormed()) throw new ValueFault(`\${${place.text}} is no text`, place.isClients);
  return encodeURIComponent(text).replace(/[!'()*]/g, encodeOctet);
}
