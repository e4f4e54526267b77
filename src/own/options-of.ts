/** A JSON Schema (draft 2020-12) of the options of an own stage; it stands alone, without `$ref`. */
export interface OptionsSchema {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, Subschema>>;
  readonly required?: readonly string[];
  readonly items?: Subschema | readonly Subschema[];
  readonly additionalProperties?: Subschema;
  readonly [keyword: string]: unknown;
}

/** True takes anything, false nothing. */
type Subschema = boolean | OptionsSchema;

interface Types {
  readonly string: string;
  readonly number: number;
  readonly integer: number;
  readonly boolean: boolean;
  readonly null: null;
}

type Flatten<T> = { [Key in keyof T]: T[Key] };

/** Properties that are always there: those that are required, and those that have a default. */
type SureKeys<Properties, Required extends string> = {
  [Key in keyof Properties]: Key extends Required
    ? Key
    : Properties[Key] extends { readonly default: unknown }
      ? Key
      : never;
}[keyof Properties];

type ObjectOf<Properties, Required extends string> = Flatten<
  { readonly [Key in SureKeys<Properties, Required>]: OptionsOf<Properties[Key]> } & {
    readonly [Key in Exclude<keyof Properties, SureKeys<Properties, Required>>]?: OptionsOf<Properties[Key]>;
  }
>;

type RequiredOf<Schema> = Schema extends { readonly required: readonly (infer Name extends string)[] } ? Name : never;

type ItemsOf<Schema> = Schema extends { readonly items: infer Items } ? OptionsOf<Items> : unknown;

type RecordOf<Schema> = Schema extends { readonly additionalProperties: infer Values extends object }
  ? { readonly [name: string]: OptionsOf<Values> }
  : { readonly [name: string]: unknown };

/**
 * The type that a schema describes, by its usual words: `type`, `enum`, `const`, `properties`, `required`, `items`.
 * What it says in others is checked all the same, and typed `unknown` here.
 */
export type OptionsOf<Schema> = Schema extends { readonly const: infer Value }
  ? Value
  : Schema extends { readonly enum: readonly (infer Value)[] }
    ? Value
    : Schema extends { readonly properties: infer Properties }
      ? ObjectOf<Properties, RequiredOf<Schema>>
      : Schema extends { readonly type: infer Name }
        ? Name extends keyof Types
          ? Types[Name]
          : Name extends 'array'
            ? readonly ItemsOf<Schema>[]
            : Name extends 'object'
              ? RecordOf<Schema>
              : unknown
        : unknown;
