import type { EXIT } from './io.ts';

/** What a value may be completed with: names of files or folders, what the routes file has, or words. */
export type Takes = 'file' | 'folder' | 'route' | 'service' | 'consumer' | 'code' | 'command' | readonly string[];

/** One option, as parseArgs reads it, and as it is told. */
export interface OptionSpec {
  readonly type: 'string' | 'boolean';
  readonly short?: string;
  /** May be said more than once. */
  readonly multiple?: boolean;
  readonly default?: string | boolean;
  /** What stands for the value in help: FILE. */
  readonly value?: string;
  readonly says: string;
  readonly takes?: Takes;
}

export type OptionSpecs = Readonly<Record<string, OptionSpec>>;

/** One command, as it is told: help, completion and docs/cli.md are made of nothing else. */
export interface CommandSpec {
  /** As it is typed: `check`, `key create`. */
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** What can be typed behind `turnpike`. */
  readonly usage: readonly string[];
  /** What it does: paragraphs, with an empty line between. */
  readonly about: string;
  readonly options: OptionSpecs;
  /** What its words may be, one by one; the last goes for all that follow. Undefined: it takes none. */
  readonly words?: readonly Takes[];
  /** A call, without `turnpike`, and what it is for. */
  readonly examples: readonly (readonly [call: string, says: string])[];
  /** What the codes say here; a wrong call and a fault of our own are told of every command. */
  readonly exits: Readonly<Partial<Record<keyof typeof EXIT, string>>>;
  readonly commands?: readonly CommandSpec[];
}
