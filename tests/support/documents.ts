import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';

const ROOT = path.resolve(import.meta.dirname, '../..');

/** One fenced block of README.md or docs/. */
export interface Fragment {
  readonly file: string;
  /** Line of its first line, from 1. */
  readonly line: number;
  /** The heading that it stands below. */
  readonly section: string;
  readonly language: string;
  readonly text: string;
}

/** Every page of docs/ and its folders, from the root of the project. */
export function pagesOfDocs(): readonly string[] {
  return globSync('docs/**/*.md', { cwd: ROOT })
    .map((file) => file.split(path.sep).join('/'))
    .sort();
}

/** What a reader could copy from README.md and docs/: every fenced block, in order. */
export function readFragments(): readonly Fragment[] {
  return ['README.md', ...pagesOfDocs()].flatMap((file) => {
    const text = readFileSync(path.join(ROOT, file), 'utf8');
    return [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map((match) => ({
      file,
      line: text.slice(0, match.index).split('\n').length + 1,
      section:
        /^#+ (.*)$/.exec(
          text
            .slice(0, match.index)
            .match(/^#+ .*$/gm)
            ?.at(-1) ?? '',
        )?.[1] ?? '',
      language: match[1] ?? '',
      text: match[2] ?? '',
    }));
  });
}

/** One thing to type, which may go over several lines. */
export interface Command {
  readonly fragment: Fragment;
  readonly text: string;
  /** The comment at the end of its first line, or of its last one. */
  readonly comment: string;
}

function commentOf(text: string): string {
  const lines = text.split('\n');
  return [lines[0], lines.at(-1)].map((line = '') => / # (.*)$/.exec(line)?.[1]).find((comment) => comment) ?? '';
}

/** Lines are joined until the shell calls them whole. */
export function splitCommands(fragment: Fragment): Command[] {
  const found: Command[] = [];
  let text = '';
  for (const line of fragment.text.trimEnd().split('\n')) {
    if (text === '' && line.startsWith('#')) continue;
    text = text === '' ? line : `${text}\n${line}`;
    if (text.endsWith('\\') || spawnSync('bash', ['-n'], { input: text }).status !== 0) continue;
    found.push({ fragment, text, comment: commentOf(text) });
    text = '';
  }
  assert.equal(text, '', `${fragment.file}:${fragment.line} ends in the middle`);
  return found;
}

/** A link of a page to a file of the project, and the heading that it leads to. */
export interface Link {
  readonly page: string;
  readonly file: string;
  readonly anchor: string | undefined;
}

/** The links of a page that lead into the project, those within the page too. */
export function linksOf(page: string, text: string): readonly Link[] {
  const prose = withoutCode(text);
  return [...prose.matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]*))?\)/g)].map(([, link = '', anchor]) => ({
    page,
    file: link === '' ? page : path.posix.normalize(path.posix.join(path.posix.dirname(page), link)),
    anchor,
  }));
}

/** What can be linked to in a page: its headings, as GitHub names them, and anchors of its own. */
export function anchorsOf(text: string): ReadonlySet<string> {
  const anchors = new Set([...text.matchAll(/<a id="([^"]+)">/g)].map(([, id = '']) => id));
  for (const [, heading = ''] of withoutCode(text).matchAll(/^#+ (.*)$/gm)) {
    const slug = heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-');
    for (let count = 0; ; count++) {
      const name = count === 0 ? slug : `${slug}-${count}`;
      if (anchors.has(name)) continue;
      anchors.add(name);
      break;
    }
  }
  return anchors;
}

/** A page without its fenced blocks. */
export const withoutCode = (text: string): string => text.replaceAll(/^```[\s\S]*?^```$/gm, '');
