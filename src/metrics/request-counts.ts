import { STATUS_CODES } from 'node:http';
import type { Metrics } from '../metrics.ts';
import type { Count } from './tally-counter.ts';

/** The methods that are a label of their own; whatever else a client makes up counts as OTHER. */
const METHODS = ['OTHER', 'GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];
const METHOD_INDEX = new Map(METHODS.map((method, index) => [method, index]));

/** Who answered. */
const SOURCES = ['service', 'gateway', 'client'] as const;
export type AnsweredBy = (typeof SOURCES)[number];

/** Not registered, and in the log alone. */
const CLIENT_CLOSED = 499;

/** Counts the requests of one route. What a label may be is bounded here: at most 8 methods by 3 sources by 70 statuses. */
export class RequestCounts {
  readonly #route: string;
  readonly #metric: Metrics['requests'];
  readonly #counts = new Map<number, Count>();

  constructor(route: string, { requests }: Pick<Metrics, 'requests'>) {
    this.#route = route;
    this.#metric = requests;
  }

  of(method: string, status: number, answeredBy: AnsweredBy): Count {
    const methodIndex = METHOD_INDEX.get(method) ?? 0;
    const key = (status * METHODS.length + methodIndex) * SOURCES.length + SOURCES.indexOf(answeredBy);
    const known = this.#counts.get(key);
    if (known !== undefined) return known;
    const count = this.#metric.labels(this.#route, METHODS[methodIndex] as string, statusLabel(status), answeredBy);
    // A status that nobody knows is found by its labels each time: a service may be made to answer hundreds of them.
    if (isKnown(status)) this.#counts.set(key, count);
    return count;
  }
}

function isKnown(status: number): boolean {
  return STATUS_CODES[status] !== undefined || status === CLIENT_CLOSED || status === 0;
}

/** `200`; `4xx` for one that is not registered: what a service may be asked to answer are hundreds. */
function statusLabel(status: number): string {
  return isKnown(status) ? String(status) : `${Math.floor(status / 100)}xx`;
}
