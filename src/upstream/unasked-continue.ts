import type { Dispatcher, Pool } from 'undici';
import symbols from 'undici/lib/core/symbols.js';

/** The method of undici's parser that is told of each head, interim ones included. */
interface Parser {
  onHeadersComplete(status: number, ...rest: readonly unknown[]): number;
}

const CONTINUE = 100;
/** An interim answer that undici passes on like all the others. */
const PROCESSING = 102;

let isMended = false;

/**
 * Lets a service say `100 Continue` unasked, as it may at any time (RFC 9110, section 15.2): undici breaks such a
 * connection off, while every other interim answer passes (8.12, client-h1.js). Its parser has no option for it and its
 * class isn't exported, so the prototype is taken from the first one that shows.
 */
export function allowUnaskedContinue(pool: Pool): void {
  if (!isMended) pool.on('connect', mend);
}

function mend(_origin: URL, dispatchers: readonly Dispatcher[]): void {
  if (isMended) return;
  const socket = read(dispatchers.at(-1), symbols.kSocket);
  const parser = read(socket, symbols.kParser);
  // HTTP/2 has no such parser.
  if (parser === undefined) return;
  isMended = true;
  const prototype = Object.getPrototypeOf(parser) as Parser;
  const { onHeadersComplete } = prototype;
  prototype.onHeadersComplete = function onHead(this: Parser, status, ...rest) {
    return onHeadersComplete.call(this, status === CONTINUE ? PROCESSING : status, ...rest);
  };
}

function read(object: unknown, key: symbol): unknown {
  return (object as Readonly<Record<symbol, unknown>> | null | undefined)?.[key] ?? undefined;
}
