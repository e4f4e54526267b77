import { KeyCounts } from './key-counts.ts';
import type { CloseCode } from './ws-frames.ts';

/** What the registry may do with an open WebSocket. */
export interface OpenSocket {
  /** Tells both ends why, and ends the connection within a second. */
  shutDown(code: CloseCode, reason: string): void;
}

/**
 * The WebSockets that are open: closed together on shutdown, and limited by consumer. A place counts from the
 * handshake's admission to the connection's end, so that no number of handshakes at once gets past a limit.
 */
export class OpenSockets {
  readonly #sockets = new Set<OpenSocket>();
  /** By consumer: open WebSockets, and handshakes under way. */
  readonly places = new KeyCounts();
  readonly #onChange: (open: number) => void;
  #lastWord: { readonly code: CloseCode; readonly reason: string } | undefined;

  /** `onChange` is told how many are open. */
  constructor(onChange: (open: number) => void = () => undefined) {
    this.#onChange = onChange;
  }

  get size(): number {
    return this.#sockets.size;
  }

  /** A handshake that ends after `shutDown` opens a WebSocket that is told at once. */
  add(socket: OpenSocket): void {
    this.#sockets.add(socket);
    this.#onChange(this.#sockets.size);
    if (this.#lastWord !== undefined) socket.shutDown(this.#lastWord.code, this.#lastWord.reason);
  }

  delete(socket: OpenSocket): void {
    if (this.#sockets.delete(socket)) this.#onChange(this.#sockets.size);
  }

  /** Ends all of them with one code, as on shutdown with 1001; for good. */
  shutDown(code: CloseCode, reason: string): void {
    this.#lastWord = { code, reason };
    for (const socket of [...this.#sockets]) socket.shutDown(code, reason);
  }
}
