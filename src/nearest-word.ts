import { closest, distance } from 'fastest-levenshtein';

/** The word that was probably meant, if one is near enough; case and `_` or `-` between words don't count. */
export function findNearest(given: unknown, known: readonly string[]): string | undefined {
  if (typeof given !== 'string' || known.length === 0) return undefined;
  const plain = (text: string) => text.toLowerCase().replace(/[_-]/g, '');
  const wanted = plain(given);
  const nearest = closest(wanted, known.map(plain));
  const edits = distance(wanted, nearest);
  const isNear = edits <= Math.max(2, Math.floor(wanted.length / 3)) && edits < Math.min(wanted.length, nearest.length);
  return isNear ? known.find((each) => plain(each) === nearest) : undefined;
}
