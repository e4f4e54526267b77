import { isatty } from 'node:tty';
import { printableText } from '../lib/printable.ts';

/** What a command of `turnpike` talks to, handed in so that a test can listen. */
export interface CliIo {
  /**
   * Writes to standard output as it is: a command ends its lines itself. Resolves to false where nobody took it: the
   * reader is gone (`| head -1`), or the disk is full.
   */
  readonly out: (text: string) => unknown;
  readonly err: (text: string) => void;
  /** Draws on the terminal of standard error what is erased again; nothing in it is others'. */
  readonly draw?: (text: string) => void;
  readonly env: NodeJS.ProcessEnv;
  /** Which of the two is a terminal; none where it is left out. */
  readonly isTerminal?: { readonly out: boolean; readonly err: boolean };
  /** Said with `--no-color`. */
  readonly isPlain?: boolean;
  /** Waits; resolves to false where nobody waits any more. */
  readonly pause?: (ms: number) => Promise<boolean>;
  /**
   * The first line of standard input; undefined where a person sits at it, who would have to type in the open, and
   * where nothing comes for a minute.
   */
  readonly input?: () => Promise<string | undefined>;
}

/** Exit codes of `turnpike`, from sysexits.h where it has one. */
export const EXIT = {
  ok: 0,
  failed: 1,
  /** By the first digit of the status; of `explain` alone. */
  refusedClient: 4,
  refusedServer: 5,
  usage: 64,
  unavailable: 69,
  internal: 70,
  config: 78,
} as const;

/** Prints what was asked for; resolves to the exit code, by whether somebody took it. */
export async function print(io: CliIo, text: string): Promise<number> {
  return (await io.out(text)) === false ? EXIT.failed : EXIT.ok;
}

/** More than any command takes: whatever is piped in by mistake ends here. */
const MAX_INPUT_CHARS = 64 * 1024;
const INPUT_TIMEOUT_MS = 60_000;

/** The terminal or the pipes of this process. */
export function createProcessIo(env: NodeJS.ProcessEnv): CliIo {
  let isListening = false;
  return {
    env,
    // isatty asks the descriptor: touching process.stdout would make a pipe non-blocking, which `start` decides.
    isTerminal: { out: isatty(1), err: isatty(2) },
    out(text) {
      // Asked for at the first line and not before: `start` minds its own output. A reader that goes away is told by
      // an event as well, which would end the process with a stack.
      if (!isListening) process.stdout.on('error', () => {});
      isListening = true;
      return new Promise<boolean>((resolve) => {
        process.stdout.write(text, (error) => resolve(error === undefined || error === null));
      });
    },
    // A message repeats words of a command line, of a file, of a gateway: a terminal must not obey them.
    err: (text) => void process.stderr.write(printableText(text, isatty(2))),
    draw: (text) => void process.stderr.write(text),
    input: () => (process.stdin.isTTY ? Promise.resolve(undefined) : readFirstLine(process.stdin)),
  };
}

/** What comes before the first line break, or before the end; undefined where nothing comes. */
async function readFirstLine(stream: NodeJS.ReadStream): Promise<string | undefined> {
  let text = '';
  const timer = setTimeout(() => stream.destroy(new Error('nothing came')), INPUT_TIMEOUT_MS);
  try {
    stream.setEncoding('utf8');
    for await (const chunk of stream) {
      text += chunk as string;
      if (text.includes('\n') || text.length > MAX_INPUT_CHARS) break;
    }
    return text.split(/\r?\n/, 1)[0];
  } catch {
    // Whatever was typed before the pipe broke is no whole line.
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}
