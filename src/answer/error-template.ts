/** What a body of an error may name. */
export interface ErrorWords {
  readonly code: string;
  readonly status: number;
  readonly title: string;
  readonly detail: string;
  readonly requestId: string;
  readonly path: string;
  readonly retryAfter: number | undefined;
}

type Word = keyof ErrorWords;

export const ERROR_WORDS: readonly Word[] = ['code', 'status', 'title', 'detail', 'requestId', 'path', 'retryAfter'];

/** `${error.NAME}`; whatever else looks like it, in a script of a page for one, is text. */
const PLACEHOLDER = /\$\{error\.([A-Za-z]*)\}/;

/** Makes a text from elsewhere harmless where it is put. */
export type Escape = (text: string) => string;

export const asItIs: Escape = (text) => text;

export const escapeForJson: Escape = (text) => JSON.stringify(text).slice(1, -1);

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** For the text of an element and for a quoted attribute (WHATWG HTML, section 13.3). */
export const escapeForMarkup: Escape = (text) => text.replace(/[&<>"']/g, (character) => ENTITIES[character] as string);

/** Names in a body that there is nothing for. */
export function findUnknownWords(body: unknown): readonly string[] {
  if (typeof body === 'string') {
    const named = body.split(PLACEHOLDER).filter((_, index) => index % 2 === 1);
    return named.filter((name) => !isWord(name));
  }
  return typeof body === 'object' && body !== null ? Object.values(body).flatMap(findUnknownWords) : [];
}

/** True where a text names anything. */
export function hasPlaceholders(text: string): boolean {
  return PLACEHOLDER.test(text);
}

function isWord(name: string): name is Word {
  return (ERROR_WORDS as readonly string[]).includes(name);
}

/** A text in which each placeholder is replaced by what it stands for, escaped. */
export function compileTemplate(text: string, escapeText: Escape): (words: ErrorWords) => string {
  const parts = text.split(PLACEHOLDER);
  if (parts.length === 1) return () => text;
  return (words) => {
    let out = '';
    for (const [index, part] of parts.entries())
      out += index % 2 === 0 ? part : escapeText(String(wordOf(words, part) ?? ''));
    return out;
  };
}

/** An object as JSON. A string that is one placeholder and nothing else becomes what that stands for, a number for one. */
export function compileTree(tree: unknown): (words: ErrorWords) => string {
  const fill = compileValue(tree);
  return (words) => JSON.stringify(fill(words));
}

function compileValue(value: unknown): (words: ErrorWords) => unknown {
  if (typeof value === 'string') {
    const [before, name, after, ...rest] = value.split(PLACEHOLDER);
    if (before === '' && after === '' && name !== undefined && rest.length === 0)
      return (words) => wordOf(words, name) ?? null;
    return compileTemplate(value, asItIs);
  }
  if (Array.isArray(value)) {
    const items = value.map(compileValue);
    return (words) => items.map((item) => item(words));
  }
  if (typeof value !== 'object' || value === null) return () => value;
  const members = Object.entries(value).map(([key, member]) => [key, compileValue(member)] as const);
  return (words) => Object.fromEntries(members.map(([key, member]) => [key, member(words)]));
}

function wordOf(words: ErrorWords, name: string): string | number | undefined {
  return isWord(name) ? words[name] : undefined;
}
