import type { z } from 'zod';
import { loadRoutesInSteps } from '../config/load.ts';
import type { FileConfig } from '../config/routes.ts';
import { inSlices } from '../lib/steps.ts';
import type { Case, caseFile } from './case-file.ts';
import { parseCases } from './read-cases.ts';
import { type CaseSource, runCases } from './run-cases.ts';

/** What the log said of a refused or failed request; see admin/recent.ts. */
export type RecentLine = Readonly<Record<string, unknown>>;

/** A case file that holds now. */
export interface Recorded {
  readonly text: string;
  readonly count: number;
  /** What did not become a case, by what the gateway said. */
  readonly leftOut: ReadonlyMap<string, number>;
}

type Written = z.input<typeof caseFile>;
type WrittenCase = Written['cases'][number];
type Callers = NonNullable<Written['callers']>;

/** What chance, the client or the end of the process has decided. */
const NOT_AGAIN = ['client_closed', 'injected_fault', 'draining'];
const NOT_A_TOKEN = 'Bearer recorded';
const FAILS: Readonly<Record<string, 'refused' | 'reset' | 'timeout'>> = {
  refused: 'refused',
  reset: 'reset',
  'connect-timeout': 'timeout',
  'headers-timeout': 'timeout',
  'idle-timeout': 'timeout',
};

/**
 * Makes cases of requests that were refused or have failed: who called is a claim or a consumer, never a credential. The
 * log has no bodies, header fields or roles, and so each is tried at once: only what comes out as it did is kept.
 */
export async function recordCases(
  lines: readonly RecentLine[],
  source: CaseSource,
  nowMs: number,
): Promise<Recorded | undefined> {
  const { config } = await inSlices(loadRoutesInSteps(source.routesFile, { env: source.env }));
  const callers: Callers = {};
  const cases = new Map<string, WrittenCase>();
  const leftOut = new Map<string, number>();
  const leave = (kind: string): void => void leftOut.set(kind, (leftOut.get(kind) ?? 0) + 1);
  // They come with the last one first.
  for (const line of lines.toReversed()) {
    const made = isUsable(line) ? caseOf(line, config, callers) : undefined;
    if (made !== undefined) cases.set(made.name, made);
    else leave(String(line['code'] ?? line['status']));
  }
  if (cases.size === 0) return undefined;
  const all = [...cases.values()];
  const text = JSON.stringify({ callers, cases: all });
  const { results } = await runCases(parseCases({ name: 'recorded', text }), source, nowMs);
  const good = all.filter((_, index) => results[index]?.mismatches.length === 0);
  for (const { expect } of all.filter((one) => !good.includes(one))) leave(String(expect.code ?? expect.status));
  const used = Object.entries(callers).filter(([name]) => good.some(({ request }) => request.as === name));
  const kept = { callers: Object.fromEntries(used), cases: good };
  return { text: `${JSON.stringify(kept, null, 2)}\n`, count: good.length, leftOut };
}

/** A request of HTTP, whose path holds nothing that was hidden, and for whose answer somebody waited. */
function isUsable({ method, path, status, code }: RecentLine): boolean {
  const isAsked = typeof method === 'string' && /^(?!CONNECT$)[A-Z-]{1,32}$/.test(method);
  const isPath =
    typeof path === 'string' && /^\/[\x21-\x7e]*$/.test(path) && !path.includes('***') && path.length < 200;
  return isAsked && isPath && typeof status === 'number' && status >= 200 && !NOT_AGAIN.includes(String(code));
}

function caseOf(line: RecentLine, config: FileConfig, callers: Callers): WrittenCase {
  const { method, path, status, code, route, clientAddress } = line as Record<string, string> & { status: number };
  const as = callerOf(line, config, callers);
  const stubs = stubOf(line, config);
  const who = as === undefined ? '' : ` as ${as}`;
  return {
    name: `${method} ${path}${who}: ${code ?? status}`.slice(0, 200),
    fresh: true,
    ...(stubs !== undefined && { stubs }),
    request: {
      method: method as string,
      url: path as string,
      ...(as && { as }),
      ...(clientAddress && { address: clientAddress }),
    },
    expect: { status, route: route ?? null, code: (code ?? null) as Case['expect']['code'] },
  };
}

/** Puts who called among the callers, and answers the name, which is none that an object has anyhow; undefined for nobody. */
function callerOf(
  { consumer, subject, issuer, code }: RecentLine,
  config: FileConfig,
  callers: Callers,
): string | undefined {
  const caller = (name: string, made: Callers[string]): string => {
    callers[name] = made;
    return name;
  };
  if (code === 'invalid_credential') return caller('somebody', { headers: { authorization: NOT_A_TOKEN } });
  if (typeof consumer === 'string' && config.consumers.some(({ name }) => name === consumer))
    return caller(`app ${consumer}`, { consumer });
  if (typeof subject !== 'string') return undefined;
  return caller(`user ${subject}`, { claims: { sub: subject }, ...(typeof issuer === 'string' && { issuer }) });
}

function stubOf({ service, outcome, status, code }: RecentLine, config: FileConfig): WrittenCase['stubs'] {
  if (typeof service !== 'string' || typeof outcome !== 'string') return undefined;
  if (!service.includes('://') && !Object.hasOwn(config.services, service)) return undefined;
  const fails = FAILS[outcome];
  if (fails !== undefined) return { [service]: { fails } };
  return code === undefined ? { [service]: { status: status as number } } : undefined;
}
