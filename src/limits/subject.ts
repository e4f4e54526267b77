import { hash } from 'node:crypto';
import { ipKeyGenerator } from 'express-rate-limit';
import type { RequestContext } from '../context.ts';
import { qualify } from '../lib/qualify.ts';
import { Template } from '../values/template.ts';
import type { By } from './schema.ts';

/** Whose calls a window counts together: the part of a counter's key that names the caller. */
export type Subject = (context: RequestContext) => string;

/** Longer names are hashed, so that a caller can't make large keys. */
const MAX_PLAIN_LENGTH = 128;
const MAX_REMEMBERED_ADDRESSES = 4096;

/**
 * The subject that `by` of a limit stands for. Each falls back to the next best name: consumer, else the token's
 * subject, else the client's address. The letter in front keeps a user called "10.0.0.1" apart from that address.
 */
export function createSubject(by: By): Subject {
  if (by instanceof Template) return byValue(by);
  switch (by) {
    case 'consumer':
      return byConsumer;
    case 'user':
      return byUser;
    case 'address':
      return byAddress;
    case 'route':
      return byRoute;
    default:
      return by.startsWith('header:') ? byHeader(by.slice('header:'.length)) : byClaim(by.slice('claim:'.length));
  }
}

function byConsumer(context: RequestContext): string {
  if (context.consumer !== undefined) return bounded('c:', context.consumer.name);
  return byUserKey(context) ?? byAddress(context);
}

function byUser(context: RequestContext): string {
  return byUserKey(context) ?? byConsumer(context);
}

function byUserKey({ userKey }: RequestContext): string | undefined {
  return userKey === undefined ? undefined : bounded('u:', userKey);
}

function byAddress(context: RequestContext): string {
  return `a:${addressKey(context.clientAddress)}`;
}

function byRoute(): string {
  return '*';
}

/** A header may well be a credential: its value is never a key as it is. */
function byHeader(name: string): Subject {
  const field = name.toLowerCase();
  return (context) => {
    const value = context.req.headers[field];
    if (value === undefined || value === '') return byAddress(context);
    return `h:${hash('sha256', typeof value === 'string' ? value : value.join(','), 'base64url')}`;
  };
}

function byClaim(path: string): Subject {
  const names = path.split('.');
  return (context) => {
    const value = context.claims?.[path] ?? findClaim(context.claims, names);
    const kind = typeof value;
    if (kind === 'string' || kind === 'number' || kind === 'boolean')
      return bounded('k:', qualify(context.issuer, String(value)));
    return byConsumer(context);
  };
}

/** A value of the file's own making; where it is empty, whoever calls. What an issuer says counts for that issuer. */
function byValue(template: Template): Subject {
  const isOfIssuer = ['claims', 'user', 'roles', 'scopes'].some((name) => template.reads.has(name));
  return (context) => {
    const value = template.render(context);
    if (value === '') return byConsumer(context);
    return bounded('v:', isOfIssuer ? qualify(context.issuer, value) : value);
  };
}

function findClaim(claims: unknown, names: readonly string[]): unknown {
  let value = claims;
  for (const name of names) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}

function bounded(prefix: string, name: string): string {
  return name.length <= MAX_PLAIN_LENGTH ? prefix + name : `${prefix}#${hash('sha256', name, 'base64url')}`;
}

const networks = new Map<string, string>();

/**
 * The address a client is counted by: IPv4 as it is, IPv6 by its /56, which is what one customer usually gets
 * (RFC 6177). Parsing IPv6 is slow, so the last few thousand answers are remembered.
 */
export function addressKey(address: string): string {
  if (!address.includes(':')) return address;
  let network = networks.get(address);
  if (network !== undefined) return network;
  network = ipKeyGenerator(address, 56);
  if (networks.size >= MAX_REMEMBERED_ADDRESSES) networks.clear();
  networks.set(address, network);
  return network;
}
