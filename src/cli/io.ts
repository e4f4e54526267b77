/** What a command of `turnpike` talks to, handed in so that a test can listen. */
export interface CliIo {
  /** Writes to standard output as it is: a command ends its lines itself. */
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly env: NodeJS.ProcessEnv;
}

/** Exit codes of `turnpike`, from sysexits.h where it has one. */
export const EXIT = { ok: 0, failed: 1, usage: 64, config: 78 } as const;
