import { createRequire } from 'node:module';
import type { Ajv as Ajv07, ErrorObject, Options, ValidateFunction } from 'ajv';
import type { Ajv2020 } from 'ajv/dist/2020.js';
import type * as Formats from 'ajv-formats/dist/formats.js';
import { type Pattern, parseScriptPattern } from '../pattern.ts';
import { Budget, countWork, TooMuchWork } from './budget.ts';
import { type Format, safeFormats } from './formats.ts';
import { hasUniqueItems } from './unique-items.ts';

/** Which words a schema is written in. */
export type Dialect = '2020-12' | 'draft-07';

export interface EngineOptions {
  readonly dialect: Dialect;
  /** Refuses keywords and formats that nobody knows. A document of OpenAPI may have some: false. */
  readonly isStrict: boolean;
  /** Knows the schemas of the dialect itself, for those that refer to them. */
  readonly hasMeta: boolean;
  /** Tells every fault of a value, where false tells the first and need compile half as much. */
  readonly tellsAll: boolean;
}

/** An expression that is none, or needs backtracking. */
export class PatternFault extends Error {
  readonly source: string;

  constructor(source: string, cause: unknown) {
    super((cause as Error).message, { cause });
    this.source = source;
  }
}

/** What is wrong with a value, in Ajv's words. */
export type Fault = Pick<ErrorObject, 'instancePath' | 'keyword' | 'message' | 'params'>;

/** The faults of a value that came as so many bytes; none where it is valid. */
export type Check = (value: unknown, bytes: number) => readonly Fault[];

type AnyAjv = Ajv2020 | Ajv07;

/** Every fault of a larger value would be looked for at its expense in memory: of those the first one is told. */
const MAX_BYTES_FOR_ALL = 64 * 1024;

const TOO_MUCH: readonly Fault[] = [
  { instancePath: '', keyword: 'work', message: 'takes too long to check against its schema', params: {} },
];

const require = createRequire(import.meta.url);
let formats: ReadonlyMap<string, Format> | undefined;

/**
 * Ajv (8.20), tamed: it loads nothing over the network, runs expressions in linear time, compares items in linear time,
 * and gives up a check that costs beyond all measure. Loaded with the first schema: most gateways have none.
 */
export class Engine {
  readonly #options: EngineOptions;
  readonly #budget = new Budget();
  readonly #ajv: AnyAjv;
  /** Finds every fault in place of the first, for values that are known to have one. Made when it is first needed. */
  #teller: AnyAjv | undefined;
  readonly #added: (readonly [object, string])[] = [];

  constructor(options: EngineOptions) {
    this.#options = options;
    this.#ajv = this.#create(false);
  }

  /** Makes a schema known by its URI, which what stands in it is relative to. */
  add(schema: object, uri: string): void {
    this.#added.push([schema, uri]);
    this.#ajv.addSchema(schema, uri);
    this.#teller?.addSchema(schema, uri);
  }

  /** Compiles what stands at a URI, with a JSON Pointer as its fragment or without. Throws what Ajv throws. */
  compile(uri: string): Check {
    const isValid = find(this.#ajv, uri);
    let tellAll: ValidateFunction | undefined;
    const findAll = (value: unknown, bytes: number): readonly Fault[] => {
      this.#budget.begin(bytes);
      if (isValid(value) === true) return [];
      const first = (isValid.errors ?? []).map(withoutData);
      if (!this.#options.tellsAll || bytes > MAX_BYTES_FOR_ALL) return first;
      tellAll ??= find(this.#telling(), uri);
      return this.#tell(tellAll, value, bytes) ?? first;
    };
    return (value, bytes) => {
      try {
        return findAll(value, bytes);
      } catch (error) {
        // A schema that refers to itself on the spot never ends: the stack does.
        if (error instanceof TooMuchWork || error instanceof RangeError) return TOO_MUCH;
        throw error;
      }
    };
  }

  #tell(tellAll: ValidateFunction, value: unknown, bytes: number): readonly Fault[] | undefined {
    try {
      this.#budget.begin(bytes);
      tellAll(value);
      return tellAll.errors?.map(withoutData);
    } catch (error) {
      if (error instanceof TooMuchWork) return undefined;
      throw error;
    }
  }

  #telling(): AnyAjv {
    if (this.#teller === undefined) {
      this.#teller = this.#create(true);
      for (const [schema, uri] of this.#added) this.#teller.addSchema(schema, uri);
    }
    return this.#teller;
  }

  #create(allErrors: boolean): AnyAjv {
    const { dialect, isStrict, hasMeta } = this.#options;
    const ajv = loadAjv(dialect, {
      allErrors,
      meta: hasMeta,
      strictSchema: isStrict,
      strictTypes: false,
      strictTuples: false,
      strictNumbers: true,
      // `constructor` is no property of a body that does not have it.
      ownProperties: true,
      // That was done before: see findSchemaFaults.
      validateSchema: false,
      addUsedSchema: false,
      logger: false,
      messages: true,
      code: { regExp: this.#regExp(), process: countWork },
    });
    const spend = (steps?: number): void => this.#budget.spend(steps);
    Object.assign(ajv, { spend });
    for (const [name, format] of listFormats()) ajv.addFormat(name, format);
    ajv.removeKeyword('uniqueItems');
    ajv.addKeyword({
      keyword: 'uniqueItems',
      type: 'array',
      schemaType: 'boolean',
      compile: (isAsked: boolean) => (items: unknown[]) => !isAsked || hasUniqueItems(items, spend),
      error: { message: 'must NOT have duplicate items' },
    });
    return ajv;
  }

  /** What Ajv asks for in place of `new RegExp`. */
  #regExp(): NonNullable<NonNullable<Options['code']>['regExp']> {
    const create = (source: string) => {
      const pattern = parseForSchema(source);
      const test = (text: string): boolean => {
        this.#budget.spendOnText(text);
        return pattern.test(text);
      };
      // Ajv tells its expressions apart by what they are as texts.
      return { source, test, toString: () => `/${source}/` } as unknown as RegExp;
    };
    return Object.assign(create, { code: 'parseScriptPattern' });
  }
}

function parseForSchema(source: string): Pattern {
  try {
    return parseScriptPattern(source);
  } catch (error) {
    throw new PatternFault(source, error);
  }
}

const checkers = new Map<Dialect, AnyAjv>();

/** The faults of a schema as a schema. */
export function findSchemaFaults(schema: unknown, dialect: Dialect): readonly Fault[] {
  let checker = checkers.get(dialect);
  if (checker === undefined) {
    checker = loadAjv(dialect, { allErrors: true, strict: false, logger: false, validateFormats: false });
    checkers.set(dialect, checker);
  }
  return checker.validateSchema(schema as object) === true ? [] : (checker.errors ?? []).map(withoutData);
}

/** The names of the formats that are known. */
export function formatNames(): readonly string[] {
  return [...listFormats().keys()];
}

function find(ajv: AnyAjv, uri: string): ValidateFunction {
  const found = ajv.getSchema(uri);
  if (found === undefined) throw new Error(`there is no schema "${uri}"`);
  return found as ValidateFunction;
}

function loadAjv(dialect: Dialect, options: Options): AnyAjv {
  // In two steps: of `new (require(…) as …).Ajv(…)` TypeScript 7.0.2 emits a call without `new`.
  if (dialect === 'draft-07') {
    const draft07 = require('ajv') as { Ajv: typeof Ajv07 };
    return new draft07.Ajv(options);
  }
  const draft2020 = require('ajv/dist/2020.js') as { Ajv2020: typeof Ajv2020 };
  return new draft2020.Ajv2020(options);
}

function listFormats(): ReadonlyMap<string, Format> {
  if (formats === undefined) {
    const { fullFormats } = require('ajv-formats/dist/formats.js') as typeof Formats;
    formats = safeFormats(fullFormats as Parameters<typeof safeFormats>[0]);
  }
  return formats;
}

/** A fault holds on to nothing of the value. */
function withoutData({ instancePath, keyword, message = 'is not valid', params }: ErrorObject): Fault {
  return { instancePath, keyword, message, params: { ...params } };
}
