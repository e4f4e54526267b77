import { METHODS } from 'node:http';

const KNOWN: ReadonlySet<string> = new Set(METHODS);

/** True for a method, in capitals, that a request can have: Node's parser refuses any other. */
export function isMethod(text: string): boolean {
  return KNOWN.has(text);
}
