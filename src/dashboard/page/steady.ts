import type { State } from './app.ts';

/** True while a mouse is over the list of this name: a finger that has gone leaves its place hovered. */
export function isUnderPointer(name: string): boolean {
  return matchMedia('(hover: hover)').matches && document.querySelector(`[data-list="${name}"]:hover`) !== null;
}

/**
 * The rows in the order that they were drawn in last, for as long as the pointer is over them: what somebody is about to
 * click on stays where it is. New ones stand at the end. `order` is how they are sorted: another one holds at once.
 */
export function keepOrder<Row>(
  { orders }: Pick<State, 'orders'>,
  name: string,
  rows: readonly Row[],
  keyOf: (row: Row) => string,
  order = '',
): readonly Row[] {
  const last = orders.get(name);
  let kept = rows;
  if (last?.order === order && isUnderPointer(name)) {
    const places = new Map(last.keys.map((key, index) => [key, index]));
    const placeOf = (row: Row): number => places.get(keyOf(row)) ?? places.size;
    kept = rows.toSorted((a, b) => placeOf(a) - placeOf(b));
  }
  orders.set(name, { order, keys: kept.map(keyOf) });
  return kept;
}
