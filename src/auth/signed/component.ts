import type { RequestContext } from '../../context.ts';
import { connectionNames } from '../../lib/connection-names.ts';
import { sentTarget } from '../../lib/mount-path.ts';
import { encodeOctet } from '../../lib/percent-encode.ts';
import { Refusal } from '../identity.ts';
import { readAsSent, valuesOf } from './as-sent.ts';
import { type Item, memberOf, respell, spell } from './structured.ts';

/** Something of a message that a signature covers (RFC 9421, section 2). */
export interface Component {
  /** As it stands in the signature base, its parameters included. */
  readonly text: string;
  readonly name: string;
  /** How a field is read: as it is, respelt (`sf`), each of its lines in base64 (`bs`), one member of it (`key`). */
  readonly mode: 'plain' | 'sf' | 'bs' | 'key';
  /** Of `key` and of `@query-param`: which one. */
  readonly of: string;
}

const MAX_COMPONENTS = 64;
const FIELD = /^[a-z0-9!#$%&'*+.^_`|~-]{1,64}$/;
const DERIVED = new Set(['@method', '@target-uri', '@authority', '@scheme', '@request-target', '@path', '@query']);

const MALFORMED = new Refusal('the list of what the signature covers is malformed');
const DOUBLED = new Refusal('the signature covers the same thing twice');
const TOO_MANY = new Refusal('the signature covers too many things');
const UNKNOWN = new Refusal('the signature covers what a request does not have, or what is not known here');

/** Reads what is covered; refuses whatever can't be verified here: `tr`, `req`, @status, unknown parameters. */
export function readComponents(items: readonly Item[]): readonly Component[] | Refusal {
  if (items.length > MAX_COMPONENTS) return TOO_MANY;
  const components: Component[] = [];
  const seen = new Set<string>();
  for (const item of items) {
    const component = readComponent(item);
    if (component instanceof Refusal) return component;
    const identity = JSON.stringify([component.name, component.mode, component.of]);
    if (seen.has(identity)) return DOUBLED;
    seen.add(identity);
    components.push(component);
  }
  return components;
}

function readComponent(item: Item): Component | Refusal {
  const [name] = item;
  if (typeof name !== 'string') return MALFORMED;
  if (name.startsWith('@')) return readDerived(name, item);
  return FIELD.test(name) ? readField(name, item) : MALFORMED;
}

function readDerived(name: string, item: Item): Component | Refusal {
  const [, parameters] = item;
  const of = name === '@query-param' ? parameters.get('name') : '';
  const isKnown = name === '@query-param' ? parameters.size === 1 : DERIVED.has(name) && parameters.size === 0;
  return isKnown && typeof of === 'string' ? { text: spell(item), name, mode: 'plain', of } : UNKNOWN;
}

function readField(name: string, item: Item): Component | Refusal {
  const text = spell(item);
  const [parameter, ...more] = [...item[1]];
  if (parameter === undefined) return { text, name, mode: 'plain', of: '' };
  // `bs` goes with nothing else, and `key` says all that `sf` does.
  if (more.length > 0) return UNKNOWN;
  const [mode, value] = parameter;
  if ((mode === 'sf' || mode === 'bs') && value === true) return { text, name, mode, of: '' };
  return mode === 'key' && typeof value === 'string' ? { text, name, mode, of: value } : UNKNOWN;
}

/** The signature base: what was signed, if the message is what it was (RFC 9421, section 2.5). */
export function baseOf(
  context: RequestContext,
  components: readonly Component[],
  parameters: string,
): string | Refusal {
  const lines: string[] = [];
  const named = connectionNames(context.req.headers.connection);
  for (const component of components) {
    // Anybody on the way could write that field into Connection, and the service would not see what was signed.
    if (named?.has(component.name) === true)
      return new Refusal(`the signature covers the field ${component.name}, which Connection takes off on the way`);
    const value = componentValue(context, component);
    if (value instanceof Refusal) return value;
    lines.push(`${component.text}: ${value}`);
  }
  lines.push(`"@signature-params": ${parameters}`);
  return lines.join('\n');
}

function componentValue(context: RequestContext, component: Component): string | Refusal {
  const { name, of } = component;
  if (!name.startsWith('@')) return fieldOf(context, component);
  const { authority, path, query, url } = readAsSent(context);
  switch (name) {
    case '@method':
      return context.method;
    case '@target-uri':
      return url;
    case '@authority':
      return authority;
    case '@scheme':
      return context.scheme;
    case '@request-target':
      return sentTarget(context.req);
    case '@path':
      return path;
    case '@query':
      return query === '' ? '?' : query;
    default:
      return parameterOf(query, of);
  }
}

function fieldOf(context: RequestContext, { name, mode, of }: Component): string | Refusal {
  const values = valuesOf(context, name);
  if (values === undefined)
    return new Refusal(`the signature covers the field ${name}, which the request does not have`);
  if (mode === 'bs') return values.map((value) => `:${Buffer.from(value, 'latin1').toString('base64')}:`).join(', ');
  const joined = values.join(', ');
  if (mode === 'plain') return joined;
  const value = mode === 'sf' ? respell(joined) : memberOf(joined, of);
  return value ?? new Refusal(`the field ${name} is no structured field, or has not what the signature covers of it`);
}

/** One parameter of the query, encoded in the one way that the standard has (RFC 9421, section 2.2.8). */
function parameterOf(query: string, name: string): string | Refusal {
  const values = [...new URLSearchParams(query)].filter(([each]) => encode(each) === name).map(([, value]) => value);
  const [value] = values;
  if (value === undefined) return new Refusal('the signature covers a parameter that the query does not have');
  // Bytes that are no UTF-8 all decode to the same.
  if (value.includes('\ufffd')) return new Refusal('the signature covers a parameter that is no UTF-8');
  // Which of them a service takes nobody knows.
  if (values.length > 1) return new Refusal('the signature covers a parameter that the query has more than once');
  return encode(value);
}

/** The percent-encode set of application/x-www-form-urlencoded (URL Standard, section 1.3), a space as %20. */
function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replace(/[!'()~]/g, encodeOctet);
}
