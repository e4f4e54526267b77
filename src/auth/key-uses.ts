import type { Kind } from '../pool.ts';

/** When a key was last accepted; undefined when it was not since the process started. */
export interface KeyUse {
  atMs: number | undefined;
}

interface ConsumerKeys {
  readonly name: string;
  readonly keys: readonly { readonly id: string }[];
}

/** When the keys of the file were last used in this process: one record a key, which outlives reloads. */
export class KeyUses {
  readonly #uses = new Map<string, KeyUse>();

  /** The record of a key, to be written with each use. */
  of(consumer: string, id: string): KeyUse {
    const name = `${consumer} ${id}`;
    let use = this.#uses.get(name);
    if (use === undefined) {
      use = { atMs: undefined };
      this.#uses.set(name, use);
    }
    return use;
  }

  /** Forgets the keys that are not among these. */
  retain(consumers: readonly ConsumerKeys[]): void {
    const names = new Set(consumers.flatMap(({ name, keys }) => keys.map(({ id }) => `${name} ${id}`)));
    for (const name of this.#uses.keys()) if (!names.has(name)) this.#uses.delete(name);
  }
}

export const keyUsesKind: Kind<KeyUses> = { name: 'key-uses', close() {} };
