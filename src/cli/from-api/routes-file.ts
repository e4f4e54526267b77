import { isObject, own } from '../../lib/json-object.ts';
import { printableJson, withoutControls } from '../../lib/printable.ts';
import { redactText } from '../../lib/redact.ts';
import { DocumentFault } from '../../validate/document-fault.ts';
import type { ApiDocument } from '../../validate/openapi/read-document.ts';
import { groupRoutes, type RoutePlan } from './group-routes.ts';
import { listOperations } from './operations.ts';
import type { ScopeRule } from './scopes.ts';
import { type AuthPlan, createAuthPlanner, listIssuersOf } from './security.ts';
import { planServer } from './servers.ts';

interface Terms extends AuthPlan {
  readonly service: string;
}

/** A routes.json made from an OpenAPI document, and what somebody has to look at in it. */
export interface MadeRoutes {
  readonly text: string;
  readonly routes: number;
  readonly notes: readonly string[];
}

export interface MakeOptions {
  /** Where the JSON Schema of routes.json is. */
  readonly schema: string;
  /** The document as routes.json names it, from its own folder. */
  readonly document: string;
  /** Whether routes can be checked by the document: the key `openapi` is there. */
  readonly validates: boolean;
}

const NAME_CHARS = 40;

/** Makes routes of a document: services from its servers, a route for all that begins alike, `auth` from its schemes. */
export function makeRoutes(document: ApiDocument, options: MakeOptions): MadeRoutes {
  const notes = new Set<string>();
  const services = new Map<string, string>();
  const title = titleOf(document);
  const planAuth = createAuthPlanner(document, notes);
  const leaves = listOperations(document).map(({ path, method, servers, security }) => {
    const server = planServer(servers);
    for (const note of server.notes) notes.add(note);
    const service = nameService(services, server.target, title);
    return { path, method, terms: { service, ...planAuth(security) } satisfies Terms };
  });
  const plans = groupRoutes<Terms>(leaves, (path, why) => notes.add(`Left out: ${path} (${why}).`));
  const issuers = listIssuersOf(document);
  if (issuers.length > 0)
    notes.add(
      'Issuers: name your API in "audience", and check that "issuer" is the iss of their tokens to the letter.',
    );
  const shown = [...notes].map(shownText);
  return { text: renderFile(title, shown, services, issuers, plans, options), routes: plans.length, notes: shown };
}

function titleOf({ root }: ApiDocument): string {
  const info = own(root, 'info');
  const title = isObject(info) ? own(info, 'title') : undefined;
  return typeof title === 'string' && title.trim() !== '' ? shownText(title.trim()) : 'API';
}

/** The name of the service with this target; the first is called after the document. */
function nameService(known: Map<string, string>, target: string, title: string): string {
  const before = known.get(target);
  if (before !== undefined) return before;
  const plain = title
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .replace(/[^A-Za-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .toLowerCase();
  const base = plain.slice(0, NAME_CHARS).replace(/-+$/, '') || 'api';
  const name = known.size === 0 ? base : `${base}-${known.size + 1}`;
  known.set(target, name);
  return name;
}

function renderFile(
  title: string,
  notes: readonly string[],
  services: ReadonlyMap<string, string>,
  issuers: readonly string[],
  plans: readonly RoutePlan<Terms>[],
  { schema, document, validates }: MakeOptions,
): string {
  const defaults = { stripPrefix: false, ...(validates && { openapi: document }) };
  const rows = [...services].map(([target, name]) => `${JSON.stringify(name)}: ${inline({ targets: [target] })}`);
  const comments = [`Made from ${withoutControls(document)} (${title}) by turnpike init.`, ...notes];
  const issuerRows = issuers.map((issuer) => inline({ issuer, discover: true }));
  return `{
  "$schema": ${JSON.stringify(schema)},

${comments.map((comment) => `  // ${comment}\n`).join('')}
  // Services see each path as the document has it.
  "defaults": ${inline(defaults)},

  "services": ${renderRows('{', rows, '}')},
${issuerRows.length === 0 ? '' : `\n  "issuers": ${renderRows('[', issuerRows, ']')},\n`}
  "routes": ${renderRows('[', plans.map(renderRoute), ']')}
}
`;
}

function renderRoute({ prefix, exact, pathRegex, methods, terms }: RoutePlan<Terms>): string {
  const { service, auth, scopes } = terms;
  return inline({
    prefix,
    ...(exact && { exact }),
    ...(pathRegex !== undefined && { pathRegex }),
    methods,
    service,
    ...(auth !== undefined && { auth }),
    ...(isAsked(scopes) && { authorize: { scopes: filled(scopes) } }),
  });
}

function isAsked({ all, any }: ScopeRule): boolean {
  return all.length + any.length > 0;
}

function filled({ all, any }: ScopeRule): Partial<ScopeRule> {
  return { ...(all.length > 0 && { all }), ...(any.length > 0 && { any }) };
}

function renderRows(open: string, rows: readonly string[], close: string): string {
  return rows.length === 0 ? open + close : `${open}\n${rows.map((row) => `    ${row}`).join(',\n')}\n  ${close}`;
}

/** What a stranger wrote may not have the gateway put a secret of its environment there, for whoever is asked next. */
function placeholderFault(value: string): DocumentFault {
  const hint = 'Write the value itself into the document, and the placeholder into routes.json.';
  return new DocumentFault('', `"${value}" would be read as a placeholder`, undefined, { hint });
}

const USER_INFO = /(:\/\/)[^\s/@]*@/g;

/** A text of the document for a comment and a terminal: without credentials, and in one line. */
function shownText(text: string): string {
  return withoutControls(redactText(text.replace(USER_INFO, '$1')));
}

/** JSON on one line, with the spaces that people put there. */
function inline(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(inline).join(', ')}]`;
  if (typeof value === 'string' && value.includes('${')) throw placeholderFault(value);
  if (typeof value !== 'object' || value === null) return printableJson(value);
  return `{ ${Object.entries(value)
    .map(([key, each]) => `${JSON.stringify(key)}: ${inline(each)}`)
    .join(', ')} }`;
}
