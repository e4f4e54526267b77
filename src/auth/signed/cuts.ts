import { parsePieces, type SignedPiece } from './webhook-form.ts';

/** What ends each value: a character that can't be in it. A time is of one length, and a body may hold anything. */
const ENDS: Readonly<Record<string, RegExp>> = { id: /[^A-Za-z0-9_-]/, method: /[^A-Z-]/, url: /[\n\r ]/ };

/**
 * The value in a template (`${id}.${timestamp}.${body}`) of which nobody can tell where it ends; undefined where there is
 * none. The text that is signed could be cut in another way there: one signature would fit two messages.
 *
 * Of what stands before the body each end must show in what follows, of what stands behind it in what comes before.
 */
export function findLooseEnd(template: string): string | undefined {
  const pieces = parsePieces(template);
  const body = pieces.findIndex((piece) => 'value' in piece && piece.value === 'body');
  return (
    findLoose(pieces.slice(0, body + 1), (piece) => ('text' in piece ? piece.text : BEGINNINGS[piece.value])) ??
    findLoose(pieces.slice(Math.max(body, 0)).reverse(), (piece) => ('text' in piece ? piece.text : undefined))
  );
}

/** How a value begins, of which that is known. */
const BEGINNINGS: Readonly<Record<string, string>> = { url: 'http', timestamp: '0' };

function findLoose(
  pieces: readonly SignedPiece[],
  textOf: (piece: SignedPiece) => string | undefined,
): string | undefined {
  for (const [at, piece] of pieces.entries()) {
    const end = 'value' in piece ? ENDS[piece.value] : undefined;
    const beside = pieces[at + 1];
    if (end !== undefined && beside !== undefined && !end.test(textOf(beside) ?? ''))
      return (piece as { value: string }).value;
  }
  return undefined;
}
