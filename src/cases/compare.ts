import { isDeepStrictEqual } from 'node:util';
import { isObject } from '../lib/json-object.ts';
import { parsePattern } from '../pattern.ts';
import { type Expectation, patternIn, type ServiceCall } from './case-file.ts';
import type { SentCall } from './stubs.ts';

/** What came of a request. */
export interface Outcome {
  readonly status: number;
  readonly route: string | null;
  readonly code: string | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** What services were sent. */
  readonly calls: readonly SentCall[];
}

/** One thing that is not as expected. */
export interface Mismatch {
  /** `status`, `headers/x-cache`, `service/path`. */
  readonly what: string;
  readonly expected: unknown;
  /** Undefined: it is not there. */
  readonly came: unknown;
}

/** What is not as it was expected; nothing is expected of what is not mentioned. */
export function compareOutcome(expected: Expectation, came: Outcome): Mismatch[] {
  const { status, route, code, headers = {}, json, body, service } = expected;
  return [
    ...(status === undefined || fitsStatus(status, came.status) ? [] : [mismatch('status', status, came.status)]),
    ...differs('route', route, came.route),
    ...differs('code', code, came.code),
    ...compareHeaders('headers', headers, came.headers),
    ...(json === undefined ? [] : compareJson('json', json, came.body)),
    ...compareText('body', body, came.body),
    ...(service === undefined ? [] : compareCalls(service, came.calls)),
  ];
}

function mismatch(what: string, expected: unknown, came: unknown): Mismatch {
  return { what, expected, came };
}

function differs(what: string, expected: unknown, came: unknown): Mismatch[] {
  return expected === undefined || expected === came ? [] : [mismatch(what, expected, came)];
}

function fitsStatus(expected: number | string, came: number): boolean {
  return typeof expected === 'number' ? expected === came : expected === `${Math.floor(came / 100)}xx`;
}

function compareText(what: string, expected: string | undefined, came: string | undefined): Mismatch[] {
  if (expected === undefined) return [];
  const source = patternIn(expected);
  const fits = source === undefined ? expected === came : came !== undefined && parsePattern(source).test(came);
  return fits ? [] : [mismatch(what, expected, came)];
}

function compareHeaders(
  place: string,
  expected: Readonly<Record<string, string | null>>,
  came: Readonly<Record<string, string>>,
): Mismatch[] {
  return Object.entries(expected).flatMap(([name, value]) => {
    const field = name.toLowerCase();
    const got = Object.hasOwn(came, field) ? came[field] : undefined;
    const what = `${place}/${name}`;
    if (value === null) return got === undefined ? [] : [mismatch(what, null, got)];
    return compareText(what, value, got);
  });
}

function compareJson(what: string, expected: unknown, text: string): Mismatch[] {
  let came: unknown;
  try {
    came = JSON.parse(text);
  } catch {
    return [mismatch(what, expected, text === '' ? undefined : text)];
  }
  return compareMembers(what, expected, came);
}

/** Objects may have members that are not mentioned; lists are as long as they are expected to be. */
function compareMembers(what: string, expected: unknown, came: unknown): Mismatch[] {
  if (Array.isArray(expected) && Array.isArray(came) && expected.length === came.length)
    return expected.flatMap((item, at) => compareMembers(`${what}/${at}`, item, came[at]));
  if (isObject(expected) && isObject(came))
    return Object.entries(expected).flatMap(([name, value]) =>
      compareMembers(`${what}/${name}`, value, Object.hasOwn(came, name) ? came[name] : undefined),
    );
  return isDeepStrictEqual(expected, came) ? [] : [mismatch(what, expected, came)];
}

/** One call of several, all of them in any order, or none. */
function compareCalls(expected: Exclude<Expectation['service'], undefined>, calls: readonly SentCall[]): Mismatch[] {
  const told = calls.map(({ name, method, path }) => `${name}: ${method} ${path}`);
  if (expected === null) return calls.length === 0 ? [] : [mismatch('service', null, told)];
  if (!Array.isArray(expected)) return nearestCall('service', expected, calls).mismatches;
  if (expected.length !== calls.length)
    return [
      mismatch(
        'service',
        expected.length === 1 ? '1 call' : `${expected.length} calls`,
        told.length === 0 ? undefined : told,
      ),
    ];
  const left = [...calls];
  return expected.flatMap((one: ServiceCall, at) => {
    const { mismatches, call } = nearestCall(`service/${at}`, one, left);
    if (call !== undefined) left.splice(left.indexOf(call), 1);
    return mismatches;
  });
}

/** The call that fits best: what is told of it is the least. */
function nearestCall(what: string, expected: ServiceCall, calls: readonly SentCall[]) {
  let nearest: { mismatches: Mismatch[]; call: SentCall | undefined } = {
    mismatches: [mismatch(what, expected, undefined)],
    call: undefined,
  };
  for (const call of calls) {
    const mismatches = compareCall(what, expected, call);
    if (nearest.call === undefined || mismatches.length < nearest.mismatches.length) nearest = { mismatches, call };
  }
  return nearest;
}

function compareCall(what: string, expected: ServiceCall, call: SentCall): Mismatch[] {
  const { name, method, path, headers = {}, json, body } = expected;
  return [
    ...differs(`${what}/name`, name, call.name),
    ...differs(`${what}/method`, method, call.method),
    ...differs(`${what}/path`, path, call.path),
    ...compareHeaders(`${what}/headers`, headers, call.headers),
    ...(json === undefined ? [] : compareJson(`${what}/json`, json, call.body)),
    ...compareText(`${what}/body`, body, call.body),
  ];
}
