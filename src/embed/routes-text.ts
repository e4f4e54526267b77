import { ConfigError, type Fault } from '../config/config-error.ts';
import { escapePointer } from '../lib/json-pointer.ts';

/** What messages call routes that were handed over. */
export const ROUTES_NAME = 'routes';

/** No file is so deep, and what leads back to itself has no end. */
const MAX_DEPTH = 100;

/** Routes that were handed over as the text of a file, so that they are read as one. Throws a ConfigError. */
export function renderRoutes(routes: unknown): string {
  const faults: Fault[] = [];
  findNoJson(routes, '', MAX_DEPTH, (path, message) => {
    faults.push({ file: ROUTES_NAME, line: 0, column: 0, path, message });
  });
  if (faults.length > 0) throw new ConfigError(faults);
  return JSON.stringify(routes);
}

/** They have no lines. */
export function withoutLines(fault: Fault): Fault {
  return fault.file === ROUTES_NAME ? { ...fault, line: 0, column: 0 } : fault;
}

type ReportAt = (path: string, message: string) => void;

/** JSON.stringify would leave a function out without a word, and make a text of a Date. */
function findNoJson(value: unknown, path: string, depth: number, report: ReportAt): void {
  const fault = faultOf(value, depth);
  if (fault !== undefined) report(path, fault);
  else if (typeof value === 'object' && value !== null)
    for (const [key, item] of Object.entries(value))
      findNoJson(item, `${path}/${escapePointer(key)}`, depth - 1, report);
}

function faultOf(value: unknown, depth: number): string | undefined {
  if (value === null || ['string', 'boolean', 'undefined'].includes(typeof value)) return undefined;
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : `${value} is no number of JSON`;
  if (typeof value !== 'object') return `expected a value of JSON, got a ${typeof value}`;
  if (!Array.isArray(value) && !isPlain(value)) return 'expected a value of JSON, got an object of a class';
  return depth === 0 ? 'is nested too deeply, or leads back to itself' : undefined;
}

/** Also of another realm, as a test runner's. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype || Object.getPrototypeOf(prototype) === null;
}
