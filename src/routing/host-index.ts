import { normalizeHost } from '../lib/host-name.ts';
import { type Candidate, compareCandidates } from './candidate.ts';

/** The routes of one prefix by host: an exact name before `*.example.com`, a longer wildcard before a shorter one. */
export interface HostIndex<R> {
  readonly byName: Map<string, Candidate<R>[]>;
  /** By what follows the `*.`. */
  readonly byParent: Map<string, Candidate<R>[]>;
  readonly anyHost: Candidate<R>[];
  /** What is looked through where no route names a host, made once. */
  readonly withoutHosts: readonly (readonly Candidate<R>[])[];
}

export function createHostIndex<R>(): HostIndex<R> {
  const anyHost: Candidate<R>[] = [];
  return { byName: new Map(), byParent: new Map(), anyHost, withoutHosts: [anyHost] };
}

export function addToHostIndex<R>(
  index: HostIndex<R>,
  candidate: Candidate<R>,
  hosts: readonly string[] | undefined,
): void {
  if (hosts === undefined) insert(index.anyHost, candidate);
  for (const host of new Set(hosts ?? [])) {
    const [map, key] = host.startsWith('*.') ? [index.byParent, host.slice(2)] : [index.byName, host];
    let list = map.get(key);
    if (list === undefined) {
      list = [];
      map.set(key, list);
    }
    insert(list, candidate);
  }
}

function insert<R>(list: Candidate<R>[], candidate: Candidate<R>): void {
  list.push(candidate);
  list.sort(compareCandidates);
}

/** The lists of routes that the host selects, most specific first. */
export function findByHost<R>(index: HostIndex<R>, host: string): readonly (readonly Candidate<R>[])[] {
  if (index.byName.size === 0 && index.byParent.size === 0) return index.withoutHosts;
  const name = normalizeHost(host);
  const lists: (readonly Candidate<R>[])[] = [];
  const named = index.byName.get(name);
  if (named !== undefined) lists.push(named);
  if (index.byParent.size > 0) addParents(index.byParent, name, lists);
  lists.push(index.anyHost);
  return lists;
}

function addParents<R>(
  byParent: ReadonlyMap<string, Candidate<R>[]>,
  name: string,
  lists: (readonly Candidate<R>[])[],
): void {
  for (let dot = name.indexOf('.'); dot !== -1; dot = name.indexOf('.', dot + 1)) {
    const list = byParent.get(name.slice(dot + 1));
    if (list !== undefined) lists.push(list);
  }
}

const NAME = /[A-Za-z0-9._~-]*(?:%[0-9A-Fa-f]{2}[A-Za-z0-9._~-]*)*/;
const ADDRESS = /\[[0-9A-Fa-f:.]+\]/;
/** Up to 65535. */
const PORT = /[0-5]?\d{0,4}|6[0-4]\d{3}|65[0-4]\d\d|655[0-2]\d|6553[0-5]/;
const HOST = new RegExp(`^(?:${NAME.source}|${ADDRESS.source})(?::(?:${PORT.source}))?$`);

/**
 * True for a name or an address, with or without a port. Anything else could be read as another host by a service:
 * `a.example:80@b.example` for one. Stricter than RFC 3986, section 3.2.2, by the marks that no name has.
 */
export function isHost(text: string): boolean {
  return HOST.test(text);
}
