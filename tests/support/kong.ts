import assert from 'node:assert/strict';
import { parse } from 'jsonc-parser';
import { makeFromKong } from '../../src/cli/from-kong/routes-file.ts';

// biome-ignore lint/suspicious/noExplicitAny: tests reach into files of every shape
type Json = any;

export interface OfKong {
  readonly file: Json;
  readonly env: Readonly<Record<string, string>>;
  readonly text: string;
  readonly notes: string;
  readonly lostCount: number;
  /** The route of that name. */
  route(name: string): Json;
}

const NOON_MS = Date.UTC(2026, 0, 31, 12);

/** What becomes of a declarative file of Kong. */
export async function ofKong(text: string): Promise<OfKong> {
  const made = await makeFromKong(text, { schema: './routes.schema.json', document: './kong.yaml', nowMs: NOON_MS });
  const errors: [] = [];
  const file = parse(made.text, errors, { allowTrailingComma: true });
  assert.deepEqual(errors, []);
  return {
    file,
    env: Object.fromEntries(made.secrets),
    text: made.text,
    notes: made.notes.join('\n'),
    lostCount: made.lostCount,
    route(name) {
      const found = file.routes.find((route: Json) => route.name === name);
      assert.ok(found, `no route ${name} in ${made.text}`);
      return found;
    },
  };
}

/** A file with one service, and one route of it with these plugins. */
export function withPlugins(plugins: string, more = ''): string {
  const indented = plugins.trim().replace(/^/gm, '          ');
  return `_format_version: "3.0"
services:
  - name: s
    url: http://localhost:4001
    routes:
      - name: r
        paths: [/r]
        plugins:
${indented}
${more}`;
}
