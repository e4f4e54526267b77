/** What a service is told, by lower-case name; of a field that stands several times, its values in one list. */
export type ToldFields = ReadonlyMap<string, string>;

/** From names and values by turns. */
export function gatherTold(list: readonly string[]): ToldFields {
  const told = new Map<string, string>();
  for (let i = 0; i < list.length; i += 2) {
    const name = (list[i] as string).toLowerCase();
    const value = list[i + 1] as string;
    const before = told.get(name);
    told.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  return told;
}
