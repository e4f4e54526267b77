import { Refusal } from './identity.ts';

// Refusals of tokens that are somebody else's. The client is told no more than that, since what is accepted here is
// nobody's business; the log says what came and what was expected, without which a misspelt name is hard to find.

type Names = Iterable<string | undefined> | undefined;

/** The token names an issuer that is not accepted; `iss` may be anybody's word: nothing of the token need be proven yet. */
export function refuseIssuer(iss: string | undefined, expected: Names): Refusal {
  return new Refusal('the token comes from an issuer that is not accepted', { forLog: compare('iss', iss, expected) });
}

/** The token is meant for others; its signature has been verified. */
export function refuseAudience(aud: unknown, expected: Names): Refusal {
  return new Refusal('the token is meant for another audience', { forLog: compare('aud', aud, expected) });
}

const SHOWN_VALUES = 5;
const SHOWN_CHARS = 200;

function compare(claim: string, came: unknown, expected: Names): string {
  const names = [...(expected ?? [])].filter((name) => name !== undefined);
  const says = came === undefined ? `it has no ${claim}` : `its ${claim} is ${list([came].flat(), ' and ')}`;
  return names.length === 0 ? says : `${says}, expected ${list(names, ' or ')}`;
}

function list(values: readonly unknown[], word: string): string {
  if (values.length === 0) return 'an empty list';
  const shown = values.slice(0, SHOWN_VALUES).map(show);
  if (values.length > SHOWN_VALUES) shown.push(`${values.length - SHOWN_VALUES} more`);
  return shown.join(word);
}

function show(value: unknown): string {
  if (typeof value !== 'string') return 'no text';
  return JSON.stringify(value.length <= SHOWN_CHARS ? value : `${value.slice(0, SHOWN_CHARS)}…`);
}
