import type { FileConfig } from '../config/routes.ts';
import { isObject, type JsonObject, own } from '../lib/json-object.ts';
import { isJsonType, mediaTypeOf } from '../lib/media-type.ts';
import type { AttachedDocument } from '../stage.ts';
import { type ApiDocument, follow, readApiDocument } from '../validate/openapi/read-document.ts';
import { exampleOf } from './example.ts';
import type { StubExample } from './stub-service.ts';

const read = new WeakMap<AttachedDocument, ApiDocument>();

/** What the OpenAPI documents of a service's routes say that it answers; undefined where none describes the request. */
export function findExample(
  routes: FileConfig['routes'],
  service: string,
  method: string,
  path: string,
): StubExample | undefined {
  for (const route of routes) {
    const document = route.openapi && route.documents?.get(route.openapi.document);
    if (document === undefined || (route.service ?? route.target) !== service) continue;
    const example = exampleIn(documentOf(document), method, path);
    if (example !== undefined) return example;
  }
  return undefined;
}

function documentOf(attached: AttachedDocument): ApiDocument {
  const known = read.get(attached) ?? readApiDocument(attached.text);
  read.set(attached, known);
  return known;
}

/** @param path as the service is asked for it. */
export function exampleIn(document: ApiDocument, method: string, path: string): StubExample | undefined {
  const operation = findOperation(document, method.toLowerCase(), path);
  const answers = operation && own(operation, 'responses');
  if (!isObject(answers)) return undefined;
  const code = Object.keys(answers)
    .filter((each) => /^2(?:\d\d|XX)$/.test(each))
    .sort()[0];
  const { value: answer } = follow(document, own(answers, code ?? 'default'), '');
  if (!isObject(answer)) return undefined;
  return { status: Number(code?.replace('XX', '00') ?? 200), ...bodyOf(document, answer) };
}

function bodyOf(document: ApiDocument, answer: JsonObject): Pick<StubExample, 'type' | 'body'> {
  const content = own(answer, 'content');
  const types = isObject(content) ? Object.entries(content) : [];
  const [type, media] = types.find(([name]) => isJsonType(mediaTypeOf(name) ?? '')) ?? types[0] ?? [];
  if (type === undefined || !isObject(media)) return { type: undefined, body: '' };
  const value = mediaExample(document, media);
  return { type, body: typeof value === 'string' && !type.includes('json') ? value : `${JSON.stringify(value)}\n` };
}

function mediaExample(document: ApiDocument, media: JsonObject): unknown {
  const one = own(media, 'example');
  if (one !== undefined) return one;
  const several = own(media, 'examples');
  const [first] = isObject(several) ? Object.values(several) : [];
  const named = first === undefined ? undefined : follow(document, first, '').value;
  const value = isObject(named) ? own(named, 'value') : undefined;
  return value ?? exampleOf(document, own(media, 'schema'));
}

/** The narrowest of the templates that fit: with the fewest variables. */
function findOperation(document: ApiDocument, method: string, path: string): JsonObject | undefined {
  const paths = own(document.root, 'paths');
  const bases = basesOf(document);
  const fitting = (isObject(paths) ? Object.entries(paths) : []).filter(([template]) =>
    bases.some((base) => path.startsWith(base) && fits(template, path.slice(base.length))),
  );
  fitting.sort(([a], [b]) => a.split('{').length - b.split('{').length);
  for (const [, item] of fitting) {
    const { value } = follow(document, item, '');
    const operation = isObject(value) ? own(value, method) : undefined;
    if (isObject(operation)) return operation;
  }
  return undefined;
}

function basesOf({ root }: ApiDocument): readonly string[] {
  const servers = own(root, 'servers');
  const urls = (Array.isArray(servers) ? servers : []).map((server) => (isObject(server) ? own(server, 'url') : ''));
  const bases = urls.map((url) => URL.parse(String(url), 'http://none')?.pathname.replace(/\/+$/, '') ?? '');
  return ['', ...bases];
}

function fits(template: string, path: string): boolean {
  const [wanted, asked] = [template.split('/'), path.split('/')];
  if (wanted.length !== asked.length) return false;
  return wanted.every((part, at) => part === asked[at] || (part.includes('{') && asked[at] !== ''));
}
