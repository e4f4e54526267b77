import type { State } from '../app.ts';
import { linkTo } from '../place.ts';
import type { Recent } from '../shapes.ts';
import { isUnderPointer } from '../steady.ts';

/** A request of a list, and whether it is there for no other reason than that it is unfolded. */
export interface Held {
  readonly one: Recent;
  readonly isGone: boolean;
}

export const keyOfRequest = ({ requestId, path, time }: Recent): string => `${requestId ?? path} ${time}`;

const addressOf = ({ place: { page, name, query } }: State): string => linkTo(page, name, query);

/** The list as it was drawn last while the pointer is over it: a click meets what it was meant for. */
export function stillList(state: State, list: readonly Recent[]): readonly Recent[] {
  const place = addressOf(state);
  const { drawn } = state;
  if (drawn?.place === place && drawn.list.length > 0 && isUnderPointer('requests')) return drawn.list;
  state.drawn = { place, list };
  return list;
}

/** The first ones, with those that are unfolded and not among them any more where they were by their time. */
export function holdOpened(state: State, list: readonly Recent[], most: number): readonly Held[] {
  const place = addressOf(state);
  if (state.held.place !== place) state.held = { place, rows: new Map() };
  const { rows } = state.held;
  for (const key of rows.keys()) if (!state.open.has(key)) rows.delete(key);
  const shown = list.slice(0, most).map((one): Held => ({ one, isGone: false }));
  const keys = new Set(shown.map(({ one }) => keyOfRequest(one)));
  for (const { one } of shown) if (state.open.has(keyOfRequest(one))) rows.set(keyOfRequest(one), one);
  for (const [key, one] of rows) {
    if (keys.has(key)) continue;
    const at = shown.findIndex((other) => other.one.time < one.time);
    const isGone = !list.some((other) => keyOfRequest(other) === key);
    shown.splice(at < 0 ? shown.length : at, 0, { one, isGone });
  }
  return shown;
}
