import { readFileSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { applyEdits, type JSONPath, modify, type ParseError, parse, printParseErrorCode } from 'jsonc-parser';
import { type KeyStore, KeyStoreError, type StoredConsumer } from './key-store.ts';

const FORMAT = { insertSpaces: true, tabSize: 2, insertFinalNewline: true };

/** Consumers in a routes.json. Only what changes is rewritten: comments and layout of the rest stay. */
export function createFileKeyStore(file: string): KeyStore {
  return {
    place: file,
    async read() {
      return readConsumers(file, readText(file));
    },
    async write(consumer) {
      const text = readText(file);
      const consumers = readConsumers(file, text);
      const index = consumers.findIndex(({ name }) => name === consumer.name);
      writeText(
        file,
        index === -1
          ? append(text, consumer, consumers.length)
          : update(text, index, consumers[index] as StoredConsumer, consumer),
      );
    },
    async close() {},
  };
}

function append(text: string, consumer: StoredConsumer, length: number): string {
  return edit(text, ['consumers', length], consumer);
}

/** Writes the members that differ, one by one, so that a comment beside another stays. */
function update(text: string, index: number, before: StoredConsumer, after: StoredConsumer): string {
  let edited = text;
  for (const member of ['plan', 'roles', 'keys', 'password'] as const) {
    if (JSON.stringify(before[member]) !== JSON.stringify(after[member]))
      edited = edit(edited, ['consumers', index, member], after[member]);
  }
  return edited;
}

function edit(text: string, path: JSONPath, value: unknown): string {
  const eol = text.includes('\r\n') ? '\r\n' : '\n';
  return applyEdits(text, modify(text, path, value, { formattingOptions: { ...FORMAT, eol } }));
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new KeyStoreError(`${file} can't be read: ${(cause as NodeJS.ErrnoException).code}`, { cause });
  }
}

function readConsumers(file: string, text: string): readonly StoredConsumer[] {
  const errors: ParseError[] = [];
  const root: unknown = parse(text, errors, { allowTrailingComma: true });
  const [error] = errors;
  if (error !== undefined) {
    const line = text.slice(0, error.offset).split('\n').length;
    throw new KeyStoreError(
      `${file}:${line} is not valid JSON (${printParseErrorCode(error.error)}); nothing was changed`,
    );
  }
  const consumers = typeof root === 'object' && root !== null && 'consumers' in root ? root.consumers : [];
  if (!Array.isArray(consumers)) throw new KeyStoreError(`${file}: "consumers" is not a list; nothing was changed`);
  return consumers as readonly StoredConsumer[];
}

/** A file that is mounted by itself, as Docker does, can only be written in place. */
function replace(fresh: string, real: string, text: string): void {
  try {
    renameSync(fresh, real);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EBUSY') throw error;
    writeFileSync(real, text);
    rmSync(fresh, { force: true });
  }
}

/** Whole or not at all: a gateway that watches the file never reads half of it. */
function writeText(file: string, text: string): void {
  const real = realpathSync(file);
  const fresh = `${real}.${process.pid}.tmp`;
  try {
    writeFileSync(fresh, text, { mode: statSync(real).mode });
    replace(fresh, real, text);
  } catch (cause) {
    rmSync(fresh, { force: true });
    throw new KeyStoreError(`${file} can't be written: ${(cause as NodeJS.ErrnoException).code}; nothing was changed`, {
      cause,
    });
  }
}
