import type { FindingId } from '../findings.ts';

/** Something to be said of a configuration that is right as it stands, before anybody has looked where it is written. */
export interface Remark {
  readonly id: FindingId;
  /** Path in the configuration: `['routes', 3, 'cors']`. Empty for what concerns all of it. */
  readonly at: readonly PropertyKey[];
  /** The variable that it is about, in place of a path. */
  readonly setting?: string;
  /** The line of `.env` that it is about. */
  readonly envLine?: number;
  /** What it is, as a sentence without its end. */
  readonly message: string;
  /** How to mend just this; default: what the table says. */
  readonly fix?: string;
  /** Of what is told together where no place is told: the same sentence for several names. */
  readonly many?: Many;
}

interface Many {
  readonly noun: string;
  readonly name: string;
  readonly say: (which: string) => string;
}

const SHOWN_NAMES = 5;

/** A remark on a route, a service or a plan that has a name; many of the same kind are one warning at a start. */
export function remarkOn(
  { noun, name, say }: Many,
  remark: Pick<Remark, 'id' | 'at' | 'fix'> & { readonly setting?: string },
): Remark {
  return { ...remark, message: say(`${noun} "${name}"`), many: { noun, name, say } };
}

/**
 * One warning for all remarks that say the same of others, so that a thousand routes with the same `defaults` are no
 * thousand lines.
 */
export function renderWarnings(remarks: readonly Remark[]): readonly string[] {
  const groups = new Map<string, Remark[]>();
  remarks.forEach((remark, index) => {
    const key = remark.many === undefined ? `${index}` : `${remark.id} ${remark.many.noun}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [remark]);
    else group.push(remark);
  });
  return [...groups.values()].map(renderGroup);
}

function renderGroup(group: readonly Remark[]): string {
  const [first] = group as [Remark];
  const names = group.flatMap(({ many }) => (many === undefined ? [] : [many.name]));
  const told = first.many === undefined ? first.message : first.many.say(joinNames(first.many.noun, names));
  return first.fix === undefined ? told : `${told}. ${first.fix}`;
}

function joinNames(noun: string, names: readonly string[]): string {
  const shown = names.slice(0, SHOWN_NAMES).map((name) => `"${name}"`);
  if (names.length > SHOWN_NAMES) shown.push(`and ${names.length - SHOWN_NAMES} more`);
  return `${noun}${names.length === 1 ? '' : 's'} ${shown.join(', ')}`;
}
