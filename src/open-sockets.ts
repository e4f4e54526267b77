import type { CloseCode } from './lib/ws-frames.ts';

/** What the registry may do with an open WebSocket. */
export interface OpenSocket {
  readonly consumer: string;
  /** Tells both ends why, and ends the connection within a second. */
  shutDown(code: CloseCode, reason: string): void;
}

/** The WebSockets that are open: counted by consumer, and closed together on shutdown. */
export class OpenSockets {
  readonly #sockets = new Set<OpenSocket>();
  readonly #perConsumer = new Map<string, number>();

  get size(): number {
    return this.#sockets.size;
  }

  countOf(consumer: string): number {
    return this.#perConsumer.get(consumer) ?? 0;
  }

  add(socket: OpenSocket): void {
    this.#sockets.add(socket);
    this.#perConsumer.set(socket.consumer, this.countOf(socket.consumer) + 1);
  }

  delete(socket: OpenSocket): void {
    if (!this.#sockets.delete(socket)) return;
    const left = this.countOf(socket.consumer) - 1;
    if (left <= 0) this.#perConsumer.delete(socket.consumer);
    else this.#perConsumer.set(socket.consumer, left);
  }

  /** Ends all of them with one code, as on shutdown with 1001. */
  shutDown(code: CloseCode, reason: string): void {
    for (const socket of [...this.#sockets]) socket.shutDown(code, reason);
  }
}
