import { basename } from 'node:path';
import { parseDurationMs, parseSizeBytes } from '../schema-values.ts';
import { STAGE_MARK, type StageDefinition, type StageHooks, type StageMiddleware } from './define-stage.ts';
import { ModuleFault } from './import-module.ts';
import type { OptionsSchema } from './options-of.ts';

/** An own stage as its module has it, checked. */
export interface OwnDefinition {
  readonly name: string;
  readonly description: string | undefined;
  readonly schema: OptionsSchema | undefined;
  readonly place: { readonly before?: string; readonly after?: string };
  readonly timeoutMs: number;
  readonly onError: 'open' | 'closed';
  readonly maxBodyBytes: number;
  readonly runsDry: boolean;
  /** True where it stands before "compress", and so sees answers that are coded. */
  readonly seesCoded: boolean;
  /** True where it stands behind "cache": what it says to that comes too late. */
  readonly isBehindCache: boolean;
  /** How its hooks are made, or the middleware that it is. */
  readonly make: { readonly create: StageDefinition['create'] } | { readonly middleware: StageMiddleware };
}

const NAME = /^[a-z][A-Za-z0-9]{0,39}$/;
const KEYS = 'name description schema before after timeout onError maxBody dryRun create'.split(' ');
const HOOKS: readonly (keyof StageHooks)[] = [
  'request',
  'upgrade',
  'head',
  'body',
  'wholeBody',
  'end',
  'cacheKey',
  'cacheDisabled',
  'close',
];
const MAX_TIMEOUT_MS = 60_000;
const MAX_BODY_BYTES = 100 * 1024 ** 2;

/** Reads what a module exports as its default; throws a ModuleFault that says what is wrong with it. */
export function readDefinition(exported: unknown, file: string): OwnDefinition {
  if (typeof exported === 'function') return readMiddleware(exported as StageMiddleware, file);
  if (typeof exported !== 'object' || exported === null || !Object.hasOwn(exported, STAGE_MARK))
    throw new ModuleFault('it exports no stage: "export default defineStage({ … })", or a middleware (req, res, next)');
  const stage = exported as Readonly<Record<string, unknown>>;
  const unknown = Object.keys(stage).find((key) => !KEYS.includes(key));
  if (unknown !== undefined) throw new ModuleFault(`its stage has "${unknown}", and a stage has ${KEYS.join(', ')}`);
  const { name, description, schema, before, after, create } = stage;
  if (typeof name !== 'string' || !NAME.test(name))
    throw new ModuleFault(
      `its stage needs a name of letters and digits, a small letter first, got ${JSON.stringify(name)}`,
    );
  assertNoMember(name);
  if (typeof create !== 'function') throw new ModuleFault(`its stage "${name}" has no create()`);
  if (schema !== undefined && (typeof schema !== 'object' || schema === null))
    throw new ModuleFault(`the schema of its stage "${name}" is no JSON Schema`);
  return {
    name,
    description: textOf(description, 'description'),
    schema: schema as OptionsSchema | undefined,
    place: placeOf(textOf(before, 'before'), textOf(after, 'after')),
    timeoutMs: quantityOf(stage['timeout'], '1s', 'timeout', parseDurationMs, MAX_TIMEOUT_MS),
    onError: onErrorOf(stage['onError']),
    maxBodyBytes: quantityOf(stage['maxBody'], '1mb', 'maxBody', parseSizeBytes, MAX_BODY_BYTES),
    runsDry: stage['dryRun'] === true,
    seesCoded: false,
    isBehindCache: false,
    make: { create: create as StageDefinition['create'] },
  };
}

/** What `create` of a stage has made; throws where it is no set of hooks. */
export function readHooks(made: unknown): StageHooks {
  if (typeof made !== 'object' || made === null || made instanceof Promise)
    throw new TypeError('create() returns an object of hooks, at once');
  for (const [key, hook] of Object.entries(made)) {
    if (!HOOKS.includes(key as keyof StageHooks))
      throw new TypeError(`create() returned "${key}", and hooks are ${HOOKS.join(', ')}`);
    if (hook !== undefined && typeof hook !== 'function') throw new TypeError(`the hook ${key} is no function`);
  }
  const { body, wholeBody } = made as StageHooks;
  if (body !== undefined && wholeBody !== undefined)
    throw new TypeError('create() returned "body" and "wholeBody": a body streams, or is had as a whole');
  return made;
}

/** Named after its file: `./stages/request-timer.ts` is `requestTimer`. */
function readMiddleware(middleware: StageMiddleware, file: string): OwnDefinition {
  if (middleware.length > 3)
    throw new ModuleFault('it exports a function of more than (req, res, next): handlers of errors have no place here');
  const words = basename(file)
    .replace(/\.[^.]*$/, '')
    .split(/[^A-Za-z0-9]+/);
  const name = words.map((word, at) => (at === 0 ? word : word.charAt(0).toUpperCase() + word.slice(1))).join('');
  if (!NAME.test(name))
    throw new ModuleFault(`its middleware would be named "${name}": give the file a name in letters`);
  assertNoMember(name);
  return {
    name,
    description: undefined,
    schema: undefined,
    place: {},
    timeoutMs: 1000,
    onError: 'closed',
    maxBodyBytes: 0,
    runsDry: false,
    seesCoded: false,
    isBehindCache: false,
    make: { middleware },
  };
}

/** What every object has, a route has as well: it would seem to say something of the stage. */
function assertNoMember(name: string): void {
  if (name in Object.prototype) throw new ModuleFault(`"${name}" is a member of every object, and no name of a stage`);
}

function textOf(value: unknown, key: string): string | undefined {
  if (value === undefined || typeof value === 'string') return value;
  throw new ModuleFault(`"${key}" of its stage is a text`);
}

function placeOf(before: string | undefined, after: string | undefined): OwnDefinition['place'] {
  if (before !== undefined && after !== undefined)
    throw new ModuleFault('its stage stands before or after another, not both');
  if (before !== undefined) return { before };
  return after === undefined ? {} : { after };
}

function onErrorOf(value: unknown): 'open' | 'closed' {
  if (value === undefined || value === 'closed') return 'closed';
  if (value === 'open') return 'open';
  throw new ModuleFault('"onError" of its stage is "open" or "closed"');
}

function quantityOf(
  value: unknown,
  usual: string,
  key: string,
  parse: (text: string) => number | undefined,
  max: number,
): number {
  const amount = typeof (value ?? usual) === 'string' ? parse((value ?? usual) as string) : undefined;
  if (amount !== undefined && amount > 0 && amount <= max) return amount;
  throw new ModuleFault(`"${key}" of its stage is a quantity such as "${usual}", and no more than ${max}`);
}
