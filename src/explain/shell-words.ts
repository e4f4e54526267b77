const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '\\': '\\', "'": "'", '"': '"' };

/** A piece of a word, by how it is quoted. Each is anchored where reading has come to, and none can run back. */
const PIECES: readonly { readonly pattern: RegExp; readonly read: (text: string) => string }[] = [
  // A line that goes on.
  { pattern: /\\\r?\n/y, read: () => '' },
  { pattern: /\\([\s\S])/y, read: (text) => text },
  { pattern: /'([^']*)'/y, read: (text) => text },
  { pattern: /\$'((?:[^'\\]|\\[\s\S])*)'/y, read: readAnsi },
  { pattern: /"((?:[^"\\]|\\[\s\S])*)"/y, read: (text) => text.replace(/\\(?:\r?\n|([$`"\\]))/g, '$1') },
  { pattern: /([^\s'"\\]+)/y, read: (text) => text },
];

const SPACE = /[^\S\r\n]+|\r?\n/y;

/**
 * The words of a command line as a shell would hand them over, with nothing expanded: what browsers copy as cURL, and
 * what people paste. Throws an Error where a quote has no end.
 */
export function splitShellWords(line: string): readonly string[] {
  const words: string[] = [];
  let word: string | undefined;
  let at = 0;
  while (at < line.length) {
    const space = matchAt(SPACE, line, at);
    if (space !== undefined) {
      if (word !== undefined) words.push(word);
      word = undefined;
      at += space[0].length;
      continue;
    }
    const { text, length } = readPiece(line, at);
    // A line that goes on is no word of its own.
    if (text !== '' || line[at] !== '\\') word = (word ?? '') + text;
    at += length;
  }
  if (word !== undefined) words.push(word);
  return words;
}

function readPiece(line: string, at: number): { text: string; length: number } {
  for (const { pattern, read } of PIECES) {
    const match = matchAt(pattern, line, at);
    if (match !== undefined) return { text: read(match[1] ?? ''), length: match[0].length };
  }
  throw new Error(`a quote has no end: ${line.slice(at, at + 20)}`);
}

function matchAt(pattern: RegExp, line: string, at: number): RegExpExecArray | undefined {
  pattern.lastIndex = at;
  return pattern.exec(line) ?? undefined;
}

/** As bash reads `$'…'`, in which browsers write what is no plain text. */
function readAnsi(text: string): string {
  return text.replace(/\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|([\s\S]))/g, (_all, wide, narrow, char: string) => {
    const code = wide ?? narrow;
    return code === undefined ? (ESCAPES[char] ?? `\\${char}`) : String.fromCharCode(Number.parseInt(code, 16));
  });
}
