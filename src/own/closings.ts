import { settledWithin } from '../lib/settled-within.ts';

/** How long the stages of a gateway that stops may take to close, all of them together. */
const CLOSE_MS = 5_000;

/** What is being closed, by what each gateway has one of. */
const closings = new WeakMap<object, Set<Promise<void>>>();

/** Something of this gateway is being closed. It never rejects. */
export function noteClosing(gateway: object, closing: Promise<void>): void {
  const all = closings.get(gateway) ?? new Set();
  closings.set(gateway, all);
  all.add(closing);
  void closing.then(() => all.delete(closing));
}

/** Waits for what own stages still close, 5 s at most. */
export async function stagesClosed(gateway: object): Promise<void> {
  await settledWithin(Promise.all(closings.get(gateway) ?? []), CLOSE_MS);
}
