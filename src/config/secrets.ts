import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { createHidden, type Hidden } from '../lib/hidden-values.ts';
import type { Fault } from './config-error.ts';
import type { ReportAt, ResolveText } from './source.ts';

const PLACEHOLDER = /\$\{(ENV|FILE):([^}]*)\}/g;
/**
 * What was meant to be a variable and would be taken by the letter: `${NAME}`, `${NAME:-default}`, `${env:NAME}`, and
 * `$NAME` where it is all of a string or the host of an address. No name of an expression is in capitals alone, and
 * `$${` is an escape.
 */
const STRAY =
  /(?<!\$)\$\{(?:[Ee]nv[:.])?([A-Z][A-Z0-9_]*)(?::?[-=?+][^}]*)?\}|(?<=^|:\/\/)\$([A-Z][A-Z0-9_]+)(?=$|[:/])/g;
const MAX_SECRET_FILE_BYTES = 1024 * 1024;

/** What `${ENV:NAME}` and `${FILE:/path}` stand for, and a memory of it, so that no message ever repeats a value. */
export interface Secrets {
  /** Resolves the strings of a file that lies in this folder. */
  resolver(folder: string, report: ReportAt): ResolveText;
  /** What has been resolved so far, to be hidden in whatever is displayed. */
  hidden(): Hidden;
  /** Names and values in order of appearance, for the hash. */
  readonly resolved: ReadonlyMap<string, string>;
}

/** @param only the placeholders that may be named; undefined: any. */
export function createSecrets(env: NodeJS.ProcessEnv, only?: ReadonlySet<string>): Secrets {
  const resolved = new Map<string, string>();

  const resolveText = (text: string, folder: string, missing: (message: string) => void): string =>
    text.replace(PLACEHOLDER, (placeholder, kind: string, name: string) => {
      if (only?.has(placeholder) === false) {
        missing(`${placeholder} is not named by the configuration in force, so it is not read for a trial`);
        return '';
      }
      const found = kind === 'ENV' ? readVariable(env, name) : readSecretFile(resolve(folder, name));
      if ('problem' in found) {
        missing(`${placeholder}: ${found.problem}`);
        return '';
      }
      resolved.set(placeholder, found.value);
      return found.value;
    });

  return {
    resolved,
    resolver: (folder, report) => (text, place) => {
      if (!text.includes('$')) return text;
      for (const [stray, braced, bare] of text.matchAll(STRAY)) {
        report(place, `${stray} stands for nothing`, `An environment variable is written \${ENV:${braced ?? bare}}.`);
      }
      return resolveText(text, folder, (message) => report(place, message));
    },
    hidden: () => createHidden(resolved),
  };
}

/** A fault without any resolved value. */
export function hideInFault(fault: Fault, { hide }: Hidden): Fault {
  const { message, hint } = fault;
  return { ...fault, message: hide(message), ...(hint !== undefined && { hint: hide(hint) }) };
}

type Found = { readonly value: string } | { readonly problem: string };

function readVariable(env: NodeJS.ProcessEnv, name: string): Found {
  const value = env[name];
  if (name === '') return { problem: 'names no environment variable' };
  return value === undefined || value === ''
    ? { problem: 'this environment variable is not set (one that was added to .env counts from the next start on)' }
    : { value };
}

/** The text of the file without the line break that editors and `echo` leave at its end. */
function readSecretFile(file: string): Found {
  try {
    if (statSync(file).size > MAX_SECRET_FILE_BYTES) return { problem: 'this file is larger than 1 MiB' };
    return { value: readFileSync(file, 'utf8').replace(/\r?\n$/, '') };
  } catch (cause) {
    return { problem: `this file can't be read (${(cause as NodeJS.ErrnoException).code})` };
  }
}

/** The files that a text names by `${FILE:…}`, so that a change of theirs can be noticed too. */
export function secretFilesIn(text: string, folder: string): string[] {
  return [...text.matchAll(PLACEHOLDER)]
    .filter(([, kind]) => kind === 'FILE')
    .map(([, , name]) => resolve(folder, name ?? ''));
}
