import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';

const ROOT = path.resolve(import.meta.dirname, '../..');

/** One fenced block of README.md or docs/. */
export interface Fragment {
  readonly file: string;
  /** Line of its first line, from 1. */
  readonly line: number;
  readonly language: string;
  readonly text: string;
}

/** What a reader could copy from README.md and docs/: every fenced block, in order. */
export function readFragments(): readonly Fragment[] {
  return ['README.md', ...globSync('docs/*.md', { cwd: ROOT }).sort()].flatMap((file) => {
    const text = readFileSync(path.join(ROOT, file), 'utf8');
    return [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map((match) => ({
      file,
      line: text.slice(0, match.index).split('\n').length + 1,
      language: match[1] ?? '',
      text: match[2] ?? '',
    }));
  });
}
