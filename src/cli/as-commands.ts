import { inShell } from '../lib/in-shell.ts';

const RECENT = /GET \/recent\?(route|service|consumer|code)=([^\s,;)&]+)/g;
const BREAKER = /POST \/breakers\/([^\s,;)?]+)\?state=(open|closed|auto)/g;

const ASIDE = / ?\((turnpike (?:key|recent|breaker) [^()]*)\)/g;

/** A text without the commands that stand aside in it, and these: a command that is broken over lines can't be pasted. */
export function takeCommands(text: string): { readonly text: string; readonly commands: readonly string[] } {
  return { text: text.replace(ASIDE, ''), commands: [...text.matchAll(ASIDE)].map(([, command = '']) => command) };
}

/** What shows the evidence of a notice, `requests?service=inventory&code=headers_timeout`; undefined for another place. */
export function recentCommand(evidence: string): string | undefined {
  const [place, query] = evidence.split('?', 2);
  if (place !== 'requests') return undefined;
  const options = [...new URLSearchParams(query)].filter(([name]) => OPTIONS.includes(name));
  return ['turnpike recent', ...options.map(([name, value]) => `--${name} ${inShell(value)}`)].join(' ');
}

const OPTIONS = ['route', 'service', 'consumer', 'code', 'status'];

/** A text of the admin port for a person with a shell: what it would have asked for is a command here. */
export function asCommands(text: string): string {
  return text
    .replace(RECENT, (_, by: string, value: string) => `turnpike recent --${by} ${quoted(value)}`)
    .replace(BREAKER, (_, name: string, state: string) => `turnpike breaker ${quoted(name)} ${state}`);
}

/** A word of a URL as one of a shell. */
function quoted(encoded: string): string {
  try {
    return inShell(decodeURIComponent(encoded));
  } catch {
    return inShell(encoded);
  }
}
