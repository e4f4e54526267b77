/** What a command of `turnpike` talks to, handed in so that a test can listen. */
export interface CliIo {
  /**
   * Writes to standard output as it is: a command ends its lines itself. Resolves to false where nobody took it: the
   * reader is gone (`| head -1`), or the disk is full.
   */
  readonly out: (text: string) => unknown;
  readonly err: (text: string) => void;
  readonly env: NodeJS.ProcessEnv;
  /** All of standard input; undefined where a person sits at it, who would have to type in the open. */
  readonly input?: () => Promise<string | undefined>;
}

/** Exit codes of `turnpike`, from sysexits.h where it has one. */
export const EXIT = { ok: 0, failed: 1, usage: 64, config: 78 } as const;

/** More than any command takes: whatever is piped in by mistake ends here. */
const MAX_INPUT_CHARS = 64 * 1024;

/** The terminal or the pipes of this process. */
export function createProcessIo(env: NodeJS.ProcessEnv): CliIo {
  let isListening = false;
  return {
    env,
    out(text) {
      // Asked for at the first line and not before: `start` minds its own output. A reader that goes away is told by
      // an event as well, which would end the process with a stack.
      if (!isListening) process.stdout.on('error', () => {});
      isListening = true;
      return new Promise<boolean>((resolve) => {
        process.stdout.write(text, (error) => resolve(error === undefined || error === null));
      });
    },
    err: (text) => void process.stderr.write(text),
    async input() {
      if (process.stdin.isTTY) return undefined;
      let text = '';
      process.stdin.setEncoding('utf8');
      for await (const chunk of process.stdin) {
        text += chunk as string;
        if (text.length > MAX_INPUT_CHARS) break;
      }
      return text;
    },
  };
}
