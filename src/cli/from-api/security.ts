import { authOption } from '../../auth/auth-option.ts';
import { isObject, own } from '../../lib/json-object.ts';
import { type ApiDocument, follow } from '../../validate/openapi/read-document.ts';
import type { Requirement } from './operations.ts';
import { type Alternative, NO_SCOPES, type ScopeRule, scopesOf } from './scopes.ts';

/** Who may call, as routes.json says it. */
export interface AuthPlan {
  /** The value of `auth`; undefined leaves the key out, and the route asks for a key or a token. */
  readonly auth: unknown;
  /** The scopes that a caller needs. */
  readonly scopes: ScopeRule;
}

/** What a scheme of the document is here. */
interface Mapped {
  readonly scheme: 'jwt' | 'basic' | 'api-key' | 'mtls';
  readonly options: Readonly<Record<string, string>>;
}

/** What is asked for where the document can't be followed: a key or a token. */
const DEFAULT = undefined;

/** What the schemes of a document are in `auth` of a route; `notes` collects what somebody must fill in or decide. */
export function createAuthPlanner(document: ApiDocument, notes: Set<string>) {
  const components = own(document.root, 'components');
  const declared = isObject(components) ? own(components, 'securitySchemes') : undefined;

  function mapScheme(name: string): Mapped | undefined {
    const written = isObject(declared) ? own(declared, name) : undefined;
    const { value } = follow(document, written, `/components/securitySchemes/${name}`);
    const mapped = isObject(value) ? mapDeclared(name, value, notes) : undefined;
    if (mapped === undefined)
      notes.add(`Security scheme "${name}" has no like here: its routes ask for a key or a token.`);
    return mapped;
  }

  function planAsked(asked: readonly Alternative[], isOptional: boolean): AuthPlan {
    const usable = asked.map((each) => each.map(([name]) => mapScheme(name)));
    // A scheme that is not known here may not be left out: what is left would let in whoever has not shown it.
    const isKnown = !usable.some((each) => each.includes(undefined));
    const auth = isKnown ? combine(usable as Mapped[][], isOptional, notes) : DEFAULT;
    if (auth === DEFAULT || !authOption.safeParse(auth).success)
      return { auth: DEFAULT, scopes: scopesOf(asked, isOptional, notes) };
    const joint = asked.find((each) => each.length > 1);
    return { auth, scopes: scopesOf(joint === undefined ? asked : [joint], isOptional, notes) };
  }

  return function planAuth(security: readonly Requirement[] | undefined): AuthPlan {
    if (security === undefined) {
      notes.add(
        'Where the document says nothing of security, a route asks for a key or a token; "auth": "none" opens it.',
      );
      return { auth: DEFAULT, scopes: NO_SCOPES };
    }
    const alternatives = security.map((each) => Object.entries(each));
    const asked = alternatives.filter((each) => each.length > 0);
    if (asked.length === 0) return { auth: 'none', scopes: NO_SCOPES };
    return planAsked(asked, asked.length < alternatives.length);
  };
}

type Declared = Readonly<Record<string, unknown>>;

function mapDeclared(name: string, scheme: Declared, notes: Set<string>): Mapped | undefined {
  const kind = own(scheme, 'type');
  if (kind === 'apiKey') return mapKey(name, scheme, notes);
  if (kind === 'mutualTLS') {
    notes.add(`Client certificates ("${name}") are told by a load balancer in front, which TRUST_PROXY must name.`);
    return { scheme: 'mtls', options: {} };
  }
  const word = kind === 'http' ? String(own(scheme, 'scheme')).toLowerCase() : kind;
  if (word === 'basic') {
    notes.add(`Passwords ("${name}"): turnpike key create --consumer NAME --password.`);
    return { scheme: 'basic', options: {} };
  }
  if (word !== 'bearer' && word !== 'oauth2' && word !== 'openIdConnect') return undefined;
  if (word !== 'openIdConnect') notes.add(`Tokens ("${name}"): set JWT_SECRET, or name who gives them in "issuers".`);
  return { scheme: 'jwt', options: {} };
}

function mapKey(name: string, scheme: Declared, notes: Set<string>): Mapped | undefined {
  const place = own(scheme, 'in');
  const field = String(own(scheme, 'name'));
  if (place !== 'header' && place !== 'query') return undefined;
  const options = place === 'header' && field.toLowerCase() === 'x-api-key' ? {} : { [place]: field };
  const isPossible = authOption.safeParse({ 'api-key': options }).success;
  const told = isPossible
    ? 'X-API-Key may always carry them'
    : `they come in X-API-Key, since "${field}" can't carry them`;
  notes.add(`Keys ("${name}"): turnpike key create --consumer NAME; ${told}.`);
  return { scheme: 'api-key', options: isPossible ? options : {} };
}

/** Any of the alternatives. One that needs several schemes at once can stand alone here, so it does. */
function combine(alternatives: readonly (readonly Mapped[])[], isOptional: boolean, notes: Set<string>): unknown {
  const joint = alternatives.find((each) => each.length > 1);
  if (joint !== undefined) {
    if (alternatives.length > 1 || isOptional)
      notes.add('Some operations take several schemes at once, or another one instead: here the several alone.');
    const all = merge(joint);
    return all.length === 1 ? all[0] : { all };
  }
  const either = merge(alternatives.flat());
  if (isOptional) return { any: either, optional: true };
  return either.length === 1 ? either[0] : either;
}

/** Each scheme once; where two are keys in different places, one that takes them from both. */
function merge(list: readonly Mapped[]): unknown[] {
  const byName = new Map<string, Record<string, string>>();
  for (const { scheme, options } of list) byName.set(scheme, { ...options, ...byName.get(scheme) });
  return [...byName].map(([name, options]) => (Object.keys(options).length === 0 ? name : { [name]: options }));
}

/** The issuers that a document names by their OpenID discovery. */
export function listIssuersOf(document: ApiDocument): string[] {
  const components = own(document.root, 'components');
  const declared = isObject(components) ? own(components, 'securitySchemes') : undefined;
  if (!isObject(declared)) return [];
  const found = Object.entries(declared).flatMap(([name, written]) => {
    const { value } = follow(document, written, `/components/securitySchemes/${name}`);
    const url = isObject(value) && own(value, 'type') === 'openIdConnect' ? own(value, 'openIdConnectUrl') : undefined;
    const [, issuer] =
      typeof url === 'string' ? (/^(https:\/\/[^?#]+)\/\.well-known\/openid-configuration$/.exec(url) ?? []) : [];
    return issuer === undefined ? [] : [issuer];
  });
  return [...new Set(found)];
}
