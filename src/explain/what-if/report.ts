import type { RecordedCaller } from '../../auth/recorded.ts';
import { redactPath } from '../../lib/redact.ts';
import type { RecordedRequest } from '../../log/recorder.ts';
import type { Difference, What } from './compare.ts';

const MAX_GROUPS = 200;
const MAX_EXAMPLES = 5;
const MAX_EXAMPLE_CHARS = 200;

/** Requests of one caller that meet the same difference. */
export interface Group {
  readonly what: What;
  readonly count: number;
  /** A consumer, the users of an issuer, or nobody that was known. */
  readonly who: string;
  readonly says: string;
  /** Method and path, without queries and secrets. */
  readonly examples: readonly string[];
}

/** What a file would change for the last requests. */
export interface WhatIfReport {
  /** Requests that were decided anew, and how many different ones those are. */
  readonly requests: number;
  readonly kinds: number;
  /** True where more came than are kept: shares hold, counts are of those that are kept. */
  readonly isThinned: boolean;
  /** ISO times of the first and the last of them. */
  readonly from: string | null;
  readonly to: string | null;
  /** What passes by the configuration in force; and what of that the file would refuse. */
  readonly passed: number;
  readonly newlyRefused: number;
  readonly undecided: number;
  readonly unchanged: number;
  readonly groups: readonly Group[];
  readonly tookMs: number;
}

type Open = { -readonly [K in keyof Group]: Group[K] } & { examples: string[] };

/** Gathers the differences as they are found. */
export class Tally {
  readonly #groups = new Map<string, Open>();
  #requests = 0;
  #kinds = 0;
  #passed = 0;
  #newlyRefused = 0;
  #undecided = 0;
  #unchanged = 0;
  #fromMs = Number.POSITIVE_INFINITY;
  #toMs = 0;

  /** `count` requests that are alike. */
  add(
    request: RecordedRequest<RecordedCaller>,
    count: number,
    passes: boolean,
    difference: Difference | undefined,
  ): void {
    this.#requests += count;
    this.#kinds += 1;
    if (passes) this.#passed += count;
    if (difference === undefined) {
      this.#unchanged += count;
      return;
    }
    const { what, says } = difference;
    if (what === 'refused') this.#newlyRefused += count;
    if (what === 'undecided') this.#undecided += count;
    const group = this.#groupOf(what, whoOf(request.caller), says);
    group.count += count;
    const example = describe(request);
    if (group.examples.length < MAX_EXAMPLES && !group.examples.includes(example)) group.examples.push(example);
  }

  /** When requests came. */
  span(atMs: number): void {
    this.#fromMs = Math.min(this.#fromMs, atMs);
    this.#toMs = Math.max(this.#toMs, atMs);
  }

  report(isThinned: boolean, tookMs: number, hide: (text: string) => string): WhatIfReport {
    const groups = [...this.#groups.values()].map((group) => ({
      ...group,
      who: hide(group.who),
      says: hide(group.says),
      examples: group.examples.map(hide),
    }));
    return {
      requests: this.#requests,
      kinds: this.#kinds,
      isThinned,
      from: this.#requests === 0 ? null : new Date(this.#fromMs).toISOString(),
      to: this.#requests === 0 ? null : new Date(this.#toMs).toISOString(),
      passed: this.#passed,
      newlyRefused: this.#newlyRefused,
      undecided: this.#undecided,
      unchanged: this.#unchanged,
      groups: groups.sort((a, b) => ORDER.indexOf(a.what) - ORDER.indexOf(b.what) || b.count - a.count),
      tookMs: Math.round(tookMs),
    };
  }

  /** Beyond a limit all of a kind share a group. */
  #groupOf(what: What, who: string, says: string): Open {
    const key = JSON.stringify([what, who, says]);
    const known = this.#groups.get(key);
    if (known !== undefined) return known;
    if (this.#groups.size >= MAX_GROUPS && says !== OTHERS) return this.#groupOf(what, OTHERS, OTHERS);
    const group: Open = { what, count: 0, who, says, examples: [] };
    this.#groups.set(key, group);
    return group;
  }
}

const OTHERS = 'others';
const ORDER: readonly What[] = [
  'refused',
  'refused otherwise',
  'let in',
  'answered',
  'routed',
  'told',
  'configured',
  'undecided',
];

function whoOf({ consumer, subject, issuer, methods, keyHash }: RecordedCaller): string {
  if (consumer !== undefined) return consumer.name;
  if (subject !== undefined) return issuer === undefined ? 'users' : `users of ${issuer}`;
  if (methods.length > 0) return methods.join('+');
  return keyHash === undefined ? 'callers without a name' : 'callers with an unknown key';
}

function describe({ method, target }: RecordedRequest): string {
  const [path = ''] = target.split('?', 1);
  const shown = redactPath(path);
  return `${method} ${shown.length > MAX_EXAMPLE_CHARS ? `${shown.slice(0, MAX_EXAMPLE_CHARS)}…` : shown}`;
}
