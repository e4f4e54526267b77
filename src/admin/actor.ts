import type { IncomingMessage } from 'node:http';

const ACTOR = /^[\x20-\x7e]{1,128}$/;

/** The person behind a portal or a script, as that says (X-Actor); for the log alone. */
export function actorOf({ headers }: IncomingMessage): string | undefined {
  const actor = headers['x-actor'];
  return typeof actor === 'string' && ACTOR.test(actor) ? actor : undefined;
}
