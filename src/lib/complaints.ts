/** How long a message is not repeated, in milliseconds. */
const EVERY_MS = 60_000;

/** What fails again with every request, told at most once a minute for each message. Messages are of a closed set. */
export class Complaints {
  readonly #say: (message: string, fields: { error: unknown }) => void;
  readonly #saidAtMs = new Map<string, number>();

  constructor(say: (message: string, fields: { error: unknown }) => void) {
    this.#say = say;
  }

  say(message: string, error: unknown): void {
    const nowMs = performance.now();
    const saidAtMs = this.#saidAtMs.get(message);
    if (saidAtMs !== undefined && nowMs - saidAtMs < EVERY_MS) return;
    this.#saidAtMs.set(message, nowMs);
    this.#say(message, { error });
  }
}
