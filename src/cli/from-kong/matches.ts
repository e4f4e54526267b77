import { TOKEN } from '../../lib/http-token.ts';
import { isMethod } from '../../lib/methods.ts';
import type { KongRoute } from './kong-file.ts';
import type { Notes } from './notes.ts';
import { KongFault } from './read-kong.ts';

/** The conditions of a route beside its paths; undefined where there is none. */
export interface MatchPlan {
  readonly hosts: readonly string[] | undefined;
  readonly methods: readonly string[] | undefined;
  /** One row of the file for each. */
  readonly headers: readonly (Readonly<Record<string, string | true>> | undefined)[];
  /** Why the route must be closed: a condition that can't be asked here, without which it would take more. */
  readonly closed: string | undefined;
  /** Only what comes over TLS; the status that Kong answers others with. */
  readonly httpsOnly: number | undefined;
  readonly takesWebSockets: boolean;
  /** By its kinds of conditions: with a larger one Kong asks it first. */
  readonly weight: number;
  readonly headerCount: number;
}

/** More combinations of header values than this are more than anybody means. */
const MAX_ROWS = 20;
const HTTP = ['http', 'https', 'ws', 'wss', 'grpc', 'grpcs'];

/** Undefined for a route that can't be here at all. */
export function planMatch({ entity }: KongRoute, label: string, notes: Notes): MatchPlan | undefined {
  const protocols = entity.texts('protocols') ?? ['http', 'https'];
  if (!protocols.some((protocol) => HTTP.includes(protocol))) {
    notes.lost(entity.lineOf('protocols'), `${label} left out: ${protocols.join(', ')} is no HTTP`);
    return undefined;
  }
  if (protocols.some((protocol) => protocol.startsWith('grpc')))
    notes.lost(entity.lineOf('protocols'), `${label}: gRPC is passed on as HTTP, its trailers are not`);
  for (const key of ['sources', 'destinations'])
    if (entity.has(key)) notes.lost(entity.lineOf(key), `${label}: "${key}" is for streams of TCP`);
  if (entity.has('expression')) {
    notes.lost(
      entity.lineOf('expression'),
      `${label} left out: expressions of the router are not read; write its paths`,
    );
    return undefined;
  }
  const hosts = planHosts(entity.texts('hosts'), entity.texts('snis'), entity.lineOf('hosts'), label, notes);
  const headers = planHeaders(entity, label, notes);
  const written = entity.texts('methods');
  const methods = planMethods(written, entity.lineOf('methods'), label, notes);
  const redirect = entity.number('https_redirect_status_code') ?? 426;
  return {
    hosts: hosts.list,
    methods: methods.list,
    headers: headers.rows,
    closed: hosts.closed ?? headers.closed ?? methods.closed,
    httpsOnly: protocols.some((protocol) => ['http', 'ws', 'grpc'].includes(protocol)) ? undefined : redirect,
    takesWebSockets: protocols.some((protocol) => protocol === 'ws' || protocol === 'wss'),
    weight: weightOf(entity),
    headerCount: headers.count,
  };
}

/** The bits of Kong's router; how many there are counts before which. */
const KINDS = { hosts: 0x40, headers: 0x20, paths: 0x10, methods: 0x08, snis: 0x04 } as const;

function weightOf(entity: KongRoute['entity']): number {
  const bits = Object.entries(KINDS).filter(([key]) => entity.has(key));
  return bits.length * 0x100 + bits.reduce((sum, [, bit]) => sum + bit, 0);
}

interface Listed {
  readonly list: readonly string[] | undefined;
  readonly closed?: string | undefined;
}

function planHosts(
  hosts: readonly string[] | undefined,
  snis: readonly string[] | undefined,
  line: number,
  label: string,
  notes: Notes,
): Listed {
  if (snis !== undefined)
    notes.changed(
      line,
      `${label}: TLS ends before the gateway, so that "snis" ${hosts === undefined ? 'are asked as "hosts"' : 'are not asked beside "hosts"'}`,
    );
  const written = hosts ?? snis;
  if (written === undefined) return { list: undefined };
  const usable = written.flatMap((host) => {
    const name = host.replace(/:\d+$/, '').toLowerCase();
    if (name !== host.toLowerCase()) notes.changed(line, `${label}: the port of host "${host}" does not count`);
    if (/^(?:\*\.)?[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?$/.test(name)) return [name];
    notes.lost(
      line,
      `${label}: host "${host}" (a wildcard stands in front, "*.example.com"); its requests meet other routes now`,
    );
    return [];
  });
  if (usable.length > 0) return { list: [...new Set(usable)] };
  return { list: undefined, closed: 'none of its hosts can be asked for' };
}

function planMethods(written: readonly string[] | undefined, line: number, label: string, notes: Notes): Listed {
  if (written === undefined) return { list: undefined };
  const usable = written.filter((method) => isMethod(method) && method !== 'TRACE' && method !== 'CONNECT');
  const others = written.filter((method) => !usable.includes(method));
  if (others.length > 0) notes.lost(line, `${label}: ${others.join(', ')} is never let through`);
  return usable.length > 0 ? { list: usable } : { list: undefined, closed: 'none of its methods is let through' };
}

function planHeaders(route: KongRoute['entity'], label: string, notes: Notes) {
  const fields = route.child('headers');
  if (fields === undefined) return { rows: [undefined], count: 0, closed: undefined };
  const line = route.lineOf('headers');
  let rows: Record<string, string | true>[] = [{}];
  let closed: string | undefined;
  for (const name of fields.keys) {
    if (!TOKEN.test(name)) throw new KongFault(fields.lineOf(name), `"${name}" is no name of a header field`);
    const values = fields.texts(name) ?? [];
    if (values.some(isExpression)) {
      closed = `the expression for header ${name} can't be asked`;
      notes.lost(line, `${label}: header ${name} by an expression`);
    }
    rows = wantedOf(values, notes).flatMap((value) => rows.map((row) => ({ ...row, [name.toLowerCase()]: value })));
    if (rows.length > MAX_ROWS) throw new KongFault(line, `more than ${MAX_ROWS} combinations of header values`);
  }
  return { rows, count: fields.keys.length, closed };
}

const isExpression = (value: string): boolean => value.startsWith('~*');

function wantedOf(values: readonly string[], notes: Notes): readonly (string | true)[] {
  if (values.length === 0 || values.some(isExpression)) return [true];
  if (/[a-z]/i.test(values.join('')))
    notes.changed(0, 'the value of a header field is compared to the letter, case included');
  return values;
}
