const RECENT = /GET \/recent\?(route|service|consumer|code)=([^\s,;)&]+)/g;
const BREAKER = /POST \/breakers\/([^\s,;)?]+)\?state=(open|closed|auto)/g;

/** A text of the admin port for a person with a shell: what it would have asked for is a command here. */
export function asCommands(text: string): string {
  return text
    .replace(RECENT, (_, by: string, value: string) => `turnpike recent --${by} ${quoted(value)}`)
    .replace(BREAKER, (_, name: string, state: string) => `turnpike breaker ${quoted(name)} ${state}`);
}

/** The evidence of a notice (`requests?service=a&code=b`) as the command that shows it. */
export function recentCommand(evidence: string): string {
  const pairs = [...new URLSearchParams(evidence.slice(evidence.indexOf('?') + 1))];
  return ['turnpike recent', ...pairs.map(([by, value]) => `--${by} ${quoted(encodeURIComponent(value))}`)].join(' ');
}

/** A word of a URL as one of a shell. */
function quoted(encoded: string): string {
  let word: string;
  try {
    word = decodeURIComponent(encoded);
  } catch {
    word = encoded;
  }
  return /^[\w./:@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
