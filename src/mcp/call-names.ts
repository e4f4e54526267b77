import { KNOWN_METHODS, type McpCall } from './calls.ts';
import type { McpRules } from './rules.ts';

/** What is left of a name in the log; of a batch so many calls are named. */
const MAX_NAME_CHARS = 128;
const MAX_NAMES = 10;

/** `tools/call search`: what calls ask for, for the log. */
export function operationOf(calls: readonly McpCall[]): string {
  const words = calls.slice(0, MAX_NAMES).flatMap(({ method, asks }) => [method, ...asks.slice(0, 1).map(nameOf)]);
  return words.map((word) => word.slice(0, MAX_NAME_CHARS)).join(' ');
}

const nameOf = ({ name }: { readonly name: string }): string => name;

/** Counts calls under names of the protocol and the file alone: any other is a client's to choose. */
export class CallCounter {
  readonly #rules: McpRules;
  readonly #make: (method: string, name: string, result: string) => { inc(): void };
  readonly #counters = new Map<string, { inc(): void }>();

  constructor(rules: McpRules, make: (method: string, name: string, result: string) => { inc(): void }) {
    this.#rules = rules;
    this.#make = make;
  }

  count(calls: readonly McpCall[], result: 'passed' | 'refused'): void {
    for (const call of calls) {
      const method = KNOWN_METHODS.has(call.method) ? call.method : 'other';
      const name = this.#nameOf(call);
      const key = `${result} ${method} ${name}`;
      let counter = this.#counters.get(key);
      if (counter === undefined) {
        counter = this.#make(method, name, result);
        this.#counters.set(key, counter);
      }
      counter.inc();
    }
  }

  #nameOf({ asks: [first] }: McpCall): string {
    if (first === undefined) return 'none';
    return this.#rules.isNamed(first.kind, first.name) ? first.name : 'other';
  }
}
