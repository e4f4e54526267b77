import { TOKEN } from '../../lib/http-token.ts';
import { literal, OwnTemplate, type Taken, type TakeOver } from './draft.ts';
import type { Entity } from './entity.ts';

/** What `name:value` is; a name alone where nothing follows. */
interface Item {
  readonly name: string;
  readonly value: string;
}

/** What the gateway alone writes towards services. */
const OWN_FIELD = /^x-(?:user|consumer|auth)-/i;
const FORBIDDEN = /^(?:host|content-length|transfer-encoding|connection)$/i;

export const requestTransformer: TakeOver = (taken) => {
  const { config, draft, notes, label } = taken;
  const replace = config.child('replace');
  const uri = replace?.text('uri');
  if (config.has('http_method')) notes.lost(config.lineOf('http_method'), `${label}: another method`);
  if (uri !== undefined) rewritePath(uri, replace as Entity, taken);
  for (const edit of editsOf(taken, [
    { section: 'headers', key: 'headers', facts: 'request.headers', isField: true },
    { section: 'querystring', key: 'query', facts: 'request.query', isField: false },
    { section: 'body', key: 'json', facts: undefined, isField: false },
  ]))
    draft.requestEdits.push(edit);
};

export const responseTransformer: TakeOver = (taken) => {
  for (const edit of editsOf(taken, [
    { section: 'headers', key: 'headers', facts: 'response.headers', isField: true },
    { section: 'json', key: 'json', facts: undefined, isField: false },
  ]))
    taken.draft.responseEdits.push(edit);
};

interface Section {
  /** What Kong calls it, and what it is called here. */
  readonly section: string;
  readonly key: 'headers' | 'query' | 'json';
  /** Where an expression sees what is there already; undefined for bodies. */
  readonly facts: string | undefined;
  readonly isField: boolean;
}

type Edit = Record<string, unknown>;

/** In Kong's order: remove, rename, replace what is there, add what is not, append. */
function editsOf(taken: Taken, sections: readonly Section[]): Edit[] {
  const { config } = taken;
  const [remove, rename, replace, add, append] = ['remove', 'rename', 'replace', 'add', 'append'].map((key) =>
    config.child(key),
  );
  return sections.flatMap((section) => [
    ...plainEdits(taken, section, remove, rename),
    ...replacing(taken, section, replace, true),
    ...replacing(taken, section, add, false),
    ...appending(taken, section, append),
  ]);
}

function plainEdits(taken: Taken, { section, key, isField }: Section, remove?: Entity, rename?: Entity): Edit[] {
  const gone = (remove?.texts(section) ?? []).map((text) => itemOf(text).name);
  const usable = gone.filter((name) => isUsable(name, isField, remove, taken));
  const renamed = (rename?.texts(section) ?? [])
    .map(itemOf)
    .filter(({ name, value }) => [name, value].every((each) => isUsable(each, isField, rename, taken)));
  const edit = {
    ...(usable.length > 0 && { [key === 'json' ? 'omit' : 'remove']: usable }),
    ...(renamed.length > 0 && { rename: objectOf(renamed.map(({ name, value }) => [name, value])) }),
  };
  return Object.keys(edit).length === 0 ? [] : [{ [key]: edit }];
}

/** `isThere`: only where it is there already (Kong's `replace`), else only where it is not (`add`). */
function replacing(taken: Taken, section: Section, entity: Entity | undefined, isThere: boolean): Edit[] {
  return (entity?.texts(section.section) ?? []).map(itemOf).flatMap(({ name, value }): Edit[] => {
    if (!isUsable(name, section.isField, entity, taken)) return [];
    const given = givenValue(name, value, entity as Entity, taken);
    return given === undefined
      ? []
      : [replaceOne(section, name, given, isThere, () => tellOfBody(name, entity, taken))];
  });
}

function replaceOne(
  { facts, key, isField }: Section,
  name: string,
  given: unknown,
  isThere: boolean,
  tell: () => void,
): Edit {
  if (facts === undefined) {
    if (isThere) tell();
    return { [key]: { [isThere ? 'set' : 'add']: { [name]: given } } };
  }
  const isIn = `${JSON.stringify(isField ? name.toLowerCase() : name)} in ${facts}`;
  return { when: isThere ? isIn : `!(${isIn})`, [key]: { set: { [name]: given } } };
}

function tellOfBody(name: string, entity: Entity | undefined, { notes, label }: Taken): void {
  notes.changed(entity?.line ?? 0, `${label}: "${name}" of the body is set, also where it was not there`);
}

function appending(taken: Taken, { section, key, isField }: Section, append: Entity | undefined): Edit[] {
  return (append?.texts(section) ?? []).map(itemOf).flatMap(({ name, value }): Edit[] => {
    if (!isUsable(name, isField, append, taken)) return [];
    const given = givenValue(name, value, append as Entity, taken);
    if (given === undefined) return [];
    if (key === 'json') {
      taken.notes.lost(append?.line ?? 0, `${taken.label}: "${name}" appended to a body`);
      return [];
    }
    return [{ [key]: { add: { [name]: given } } }];
  });
}

function itemOf(text: string): Item {
  const colon = text.indexOf(':');
  return colon < 0
    ? { name: text.trim(), value: '' }
    : { name: text.slice(0, colon).trim(), value: text.slice(colon + 1).trim() };
}

function isUsable(name: string, isField: boolean, entity: Entity | undefined, { notes, label }: Taken): boolean {
  const line = entity?.line ?? 0;
  if (name === '' || name.includes('$')) {
    notes.lost(line, `${label}: "${name}"`);
    return false;
  }
  if (!isField) return true;
  if (!TOKEN.test(name) || FORBIDDEN.test(name)) {
    const why = /^host$/i.test(name) ? ' ("preserveHost" is what is sent as Host)' : '';
    notes.lost(line, `${label}: the field ${name}${why}`);
    return false;
  }
  if (!OWN_FIELD.test(name)) return true;
  notes.lost(line, `${label}: the field ${name}, which services believe since the gateway alone writes it`);
  return false;
}

const TEMPLATE = /\$\(([^()]*)\)/g;

/** A value with Kong's templates in ours; undefined, and told, where one has no like here. */
function givenValue(
  name: string,
  value: string,
  entity: Entity,
  { notes, label }: Taken,
): string | OwnTemplate | undefined {
  const plain = literal(value, entity.line, label, notes);
  if (plain === undefined || !plain.includes('$(')) return plain;
  let isLost = false;
  const text = plain.replace(TEMPLATE, (whole, inner: string) => {
    const expression = expressionOf(inner.trim());
    if (expression === undefined) {
      isLost = true;
      return whole;
    }
    return `\${${expression}}`;
  });
  if (!isLost && !text.includes('$(')) return new OwnTemplate(text);
  notes.lost(entity.line, `${label}: the template in the value of ${name}`);
  return undefined;
}

/** `headers.x-a`, `headers["x-a"]`, `query_params.a`: empty where it is not there. */
function expressionOf(inner: string): string | undefined {
  const [, map, plain, quoted] = /^(headers|query_params)(?:\.([\w-]+)|\[["']([\w-]+)["']\])$/.exec(inner) ?? [];
  const name = plain ?? quoted;
  if (map === undefined || name === undefined) return undefined;
  const facts = map === 'headers' ? 'request.headers' : 'request.query';
  const key = JSON.stringify(map === 'headers' ? name.toLowerCase().replaceAll('_', '-') : name);
  return `${key} in ${facts} ? ${facts}[${key}] : ""`;
}

/** The path that the service sees, whatever was asked for. */
function rewritePath(uri: string, replace: Entity, { draft, notes, label }: Taken): void {
  if (/^\/[^?#$\\]*$/.test(uri)) draft.pathRewrite.push({ match: '^.*$', replace: uri });
  else
    notes.lost(replace.lineOf('uri'), `${label}: the path ${uri}, which depends on the request; see "rewritePrefix"`);
}

/** An object whose names are whatever a file says. */
function objectOf(entries: readonly (readonly [string, unknown])[]): Record<string, unknown> {
  return Object.fromEntries(entries);
}
