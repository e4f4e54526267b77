/** What is kept of an object: some of its members. */
export interface Pick {
  readonly members: readonly PickedMember[];
  /** Their places among the members: by name, and for a quick look by the length of the name in bytes. */
  readonly byName: ReadonlyMap<string, number>;
  readonly byLength: readonly (readonly number[] | undefined)[];
}

/** A member that is kept. */
export interface PickedMember {
  readonly name: Buffer;
  /** As it is written: `"name":`. */
  readonly written: Buffer;
  /** What is kept of its value; undefined keeps all of it. */
  readonly below: Pick | undefined;
}

interface Tree extends ReadonlyMap<string, Tree | true> {}

/** Makes one of names and dotted paths: `id`, `address.city`. A name alone keeps more than paths that go on from it. */
export function createPick(paths: readonly string[]): Pick {
  const root = new Map<string, Tree | true>();
  for (const path of paths) addPath(root, path.split('.'));
  return compile(root);
}

function addPath(root: Map<string, Tree | true>, names: readonly string[]): void {
  let at = root;
  for (const [index, name] of names.entries()) {
    const known = at.get(name);
    if (known === true) return;
    if (index === names.length - 1) {
      at.set(name, true);
      return;
    }
    const next = (known ?? new Map()) as Map<string, Tree | true>;
    at.set(name, next);
    at = next;
  }
}

function compile(tree: Tree): Pick {
  const byLength: number[][] = [];
  const members = [...tree].map(([text, below], place): PickedMember => {
    const name = Buffer.from(text);
    byLength[name.length] = [...(byLength[name.length] ?? []), place];
    return {
      name,
      written: Buffer.from(`${JSON.stringify(text)}:`),
      below: below === true ? undefined : compile(below),
    };
  });
  return { members, byName: new Map([...tree.keys()].map((name, place) => [name, place])), byLength };
}
