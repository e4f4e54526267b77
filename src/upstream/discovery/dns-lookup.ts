import type { RecordWithTtl, SrvRecord } from 'node:dns';
import type { Resolver } from 'node:dns/promises';
import { MAX_TARGETS } from './held-specs.ts';

/** One address that DNS has named, and how long it may be believed. */
export interface DnsAddress {
  readonly address: string;
  readonly port: number;
  readonly weight: number;
  readonly ttlSeconds: number;
}

export type DnsQuestion =
  | { readonly kind: 'srv'; readonly name: string }
  | { readonly kind: 'host'; readonly name: string; readonly port: number };

/** Names behind one SRV answer that are looked up; more are left out. */
const MAX_SRV_NAMES = 200;

/** `srv:NAME`, `a:NAME:PORT` or `NAME:PORT`, as the file's schema has checked it. */
export function parseDnsQuestion(text: string): DnsQuestion {
  if (text.startsWith('srv:')) return { kind: 'srv', name: text.slice('srv:'.length) };
  const [name = '', port] = text.replace(/^a:/, '').split(':');
  return { kind: 'host', name, port: Number(port) };
}

/** Every address behind a name; empty when the name is gone, and a rejection when nobody knows. */
export function lookUp(resolver: Resolver, question: DnsQuestion): Promise<DnsAddress[]> {
  return question.kind === 'srv'
    ? lookUpSrv(resolver, question.name)
    : lookUpHost(resolver, question.name, question.port, 1);
}

async function lookUpHost(resolver: Resolver, name: string, port: number, weight: number): Promise<DnsAddress[]> {
  const [v4, v6] = await Promise.allSettled([
    resolver.resolve4(name, { ttl: true }),
    resolver.resolve6(name, { ttl: true }),
  ]);
  const found = recordsOf(v4);
  // Some resolvers fail on AAAA where there is none: tolerated while the name has an A record.
  if (v6.status === 'fulfilled' || found.length === 0) found.push(...recordsOf(v6));
  return found.map(({ address, ttl }) => ({ address, port, weight, ttlSeconds: ttl }));
}

function recordsOf(result: PromiseSettledResult<RecordWithTtl[]>): RecordWithTtl[] {
  if (result.status === 'fulfilled') return result.value;
  if (isGone(result.reason)) return [];
  throw result.reason;
}

/** RFC 2782: the records of the lowest priority that lead anywhere. Node tells no TTL of theirs: the addresses' is used. */
async function lookUpSrv(resolver: Resolver, name: string): Promise<DnsAddress[]> {
  const records = await resolver.resolveSrv(name).catch((error: unknown): SrvRecord[] => {
    if (isGone(error)) return [];
    throw error;
  });
  // A target of "." says that the service is decidedly not available.
  const real = records.filter((record) => record.name !== '' && record.name !== '.');
  const priorities = [...new Set(real.map((record) => record.priority))].sort((one, other) => one - other);
  for (const priority of priorities) {
    const group = real.filter((record) => record.priority === priority).slice(0, MAX_SRV_NAMES);
    // Weight 0 is "hardly ever" there, and "never" here.
    const found = await Promise.all(
      group.map((record) => lookUpHost(resolver, record.name, record.port, Math.max(record.weight, 1))),
    );
    const addresses = found.flat().slice(0, MAX_TARGETS);
    if (addresses.length > 0) return addresses;
  }
  return [];
}

/** The name, or the type of record, does not exist: an answer, and an empty one. */
function isGone(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOTFOUND' || error.code === 'ENODATA');
}
