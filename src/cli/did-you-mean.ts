import { findNearest } from '../nearest-word.ts';

/** What was probably meant, to stand behind what is said of a word; empty where none of the known ones is near. */
export function didYouMean(given: string, known: readonly string[]): string {
  const nearest = findNearest(given, known);
  return nearest === undefined ? '' : ` (did you mean "${nearest}"?)`;
}
