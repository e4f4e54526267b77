import assert from 'node:assert/strict';
import path from 'node:path';
import { parse } from 'jsonc-parser';
import { readFragments } from '../documents.ts';

/** Stages of one's own that pages show. */
export const STAGES = path.resolve(import.meta.dirname, '../../../docs/examples/stages');

/** One example of a page in docs/migrating/: theirs, and what does the same here. */
export interface Example {
  readonly theirs: string;
  readonly ours: object;
}

/**
 * The example below a heading of the page, with its addresses led elsewhere: `ports` says which port stands for each
 * `localhost:PORT`. What is tried is thereby what is shown.
 */
export function exampleOf(page: string, section: string, ports: Readonly<Record<number, number>>): Example {
  const fragments = readFragments().filter((one) => one.file === page && one.section === section);
  const ours = fragments.find(({ language }) => language === 'json');
  const theirs = fragments.find(({ language }) => /^(?:nginx|yaml|js)$/.test(language));
  assert.ok(ours !== undefined && theirs !== undefined, `${page} has no example below "${section}"`);
  const moved = (text: string): string =>
    text.replace(/localhost:(\d{4})\b/g, (_, port: string) => `127.0.0.1:${ports[Number(port)] ?? port}`);
  const whole = moved(ours.text).replaceAll('"./stages/', `"${STAGES}/`);
  return { theirs: moved(theirs.text), ours: parse(whole) as object };
}
