import { findNearest } from '../nearest-word.ts';
import { Engine, type Fault, findSchemaFaults } from './engine.ts';

/** What is wrong with options, and where. */
export interface OptionFault {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** Checks the options of an own stage, with the defaults of its schema in the place of what is missing. */
export type CheckOptions = (value: unknown) => { readonly value: unknown; readonly faults: readonly OptionFault[] };

/** A fault, and the key that it lacks, or that it meant. */
interface Explained extends OptionFault {
  readonly missing?: string;
  readonly meant?: string | undefined;
}

const URI = 'turnpike:options';

/** Compiles the schema of an own stage; throws an Error that says why it is none. */
export function compileOptions(schema: object): CheckOptions {
  const [fault] = findSchemaFaults(schema, '2020-12');
  if (fault !== undefined) throw new Error(`${fault.instancePath} ${fault.message}`.trim());
  const engine = new Engine({ dialect: '2020-12', isStrict: true, hasMeta: false, tellsAll: true });
  engine.add(schema, URI);
  const check = engine.compile(URI);
  return (given) => {
    const value = withDefaults(schema, given);
    return { value, faults: withoutEchoes(check(value).map((one) => explain(one, schema))) };
  };
}

/** A misspelt key that is required would be told twice: as unknown, and as missing. */
function withoutEchoes(faults: readonly Explained[]): readonly OptionFault[] {
  const meant = new Set(faults.map((fault) => fault.meant));
  return faults
    .filter(({ missing }) => missing === undefined || !meant.has(missing))
    .map(({ path, message }) => ({ path, message }));
}

/** A copy with the defaults of properties that are missing, however deep. */
function withDefaults(schema: unknown, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => withDefaults(propertyOf(schema, 'items'), item));
  if (typeof value !== 'object' || value === null) return value;
  const properties = propertyOf(schema, 'properties');
  const filled: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  for (const [name, one] of Object.entries(value)) filled[name] = withDefaults(propertyOf(properties, name), one);
  for (const [name, one] of Object.entries(properties ?? {})) {
    const usual: unknown = propertyOf(one, 'default');
    if (!Object.hasOwn(filled, name) && usual !== undefined) filled[name] = structuredClone(usual);
  }
  return { ...filled };
}

function propertyOf(holder: unknown, name: string): unknown {
  if (typeof holder !== 'object' || holder === null || !Object.hasOwn(holder, name)) return undefined;
  return (holder as Readonly<Record<string, unknown>>)[name];
}

function explain({ instancePath, keyword, message = 'is not valid', params }: Fault, schema: object): Explained {
  const path = instancePath
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  const extra = params['additionalProperty'] ?? params['unevaluatedProperty'];
  if (typeof extra === 'string') {
    const known = Object.keys((propertyOf(schema, 'properties') as object | undefined) ?? {});
    const nearest = path.length === 0 ? findNearest(extra, known) : undefined;
    return {
      path: [...path, extra],
      message: `unknown key${nearest === undefined ? '' : `: did you mean "${nearest}"?`}`,
      meant: nearest,
    };
  }
  if (keyword === 'required') {
    const missing = String(params['missingProperty']);
    return { path, message: `"${missing}" is missing`, ...(path.length === 0 && { missing }) };
  }
  const allowed = Array.isArray(params['allowedValues']) ? `: ${params['allowedValues'].join(', ')}` : '';
  return { path, message: `${message}${allowed}` };
}
