import type { Kind } from '../pool.ts';

/** So many of each code or status are kept: a flood of one kind pushes none of another out. */
const KEPT_EACH = 25;
/** Codes and statuses that are told apart; beyond, all share one place. */
const MAX_KINDS = 100;
const OTHERS = 'others';

/** A refused or failed request: its line of the access log, and what its decisions can be told from. */
export interface RecentRequest {
  readonly endedAtMs: number;
  /** As JSON, whatever form the log has; without secrets, as it is there. */
  readonly line: string;
  /** The stages of its route, as they were then. */
  readonly stages: readonly string[];
  /** The stage that refused it; undefined where its service has answered, or somebody has left. */
  readonly refusedBy: string | undefined;
}

/** The last refused and failed requests of the process; it outlives reloads. */
export class Recent {
  readonly #kinds = new Map<string | number, RecentRequest[]>();

  /** `kind`: the code of its error, or its status. */
  add(kind: string | number, request: RecentRequest): void {
    const list = this.#listOf(kind);
    list.push(request);
    if (list.length > KEPT_EACH) list.shift();
  }

  /** All that are kept, the last one first. */
  list(): readonly RecentRequest[] {
    return [...this.#kinds.values()].flat().sort((a, b) => b.endedAtMs - a.endedAtMs);
  }

  #listOf(kind: string | number): RecentRequest[] {
    const known = this.#kinds.get(kind);
    if (known !== undefined) return known;
    const name = this.#kinds.size < MAX_KINDS ? kind : OTHERS;
    const list = this.#kinds.get(name) ?? [];
    this.#kinds.set(name, list);
    return list;
  }
}

/** One for the process. */
export const recentKind: Kind<Recent> = { name: 'recent', close: () => undefined };
