import { authOption } from '../../auth/auth-option.ts';
import type { Draft, Taken, TakeOver } from './draft.ts';
import type { Notes } from './notes.ts';

const SERVICE_FIELDS =
  'services read X-Consumer-Name and X-Auth-Method here, not X-Consumer-Username, X-Consumer-ID, X-Consumer-Custom-ID or X-Credential-Identifier';

export const keyAuth: TakeOver = (taken) => {
  const { config, notes, label } = taken;
  const names = config.texts('key_names') ?? ['apikey'];
  const [name = 'apikey'] = names;
  if (names.length > 1)
    notes.lost(config.lineOf('key_names'), `${label}: keys come by one name here, "${name}" (and X-API-Key)`);
  if (config.flag('key_in_body') === true) notes.lost(config.lineOf('key_in_body'), `${label}: keys in bodies`);
  const inHeader = config.flag('key_in_header') ?? true;
  const inQuery = config.flag('key_in_query') ?? true;
  if (inQuery) notes.told(taken.use.line, `${label}: keys in the query end in logs; "query" below "api-key" can go`);
  if (!inHeader) notes.changed(config.lineOf('key_in_header'), `${label}: X-API-Key always carries a key too`);
  const options = {
    ...(inHeader && name.toLowerCase() !== 'x-api-key' && { header: name }),
    ...(inQuery && { query: name }),
  };
  askFor('api-key', options, taken);
};

export const basicAuth: TakeOver = (taken) => askFor('basic', {}, taken);

export const jwt: TakeOver = (taken) => {
  const { config, draft, notes, label, use } = taken;
  const claim = config.text('key_claim_name') ?? 'iss';
  if (claim !== 'iss' || config.flag('secret_is_base64') === true) {
    const what = claim === 'iss' ? 'secrets in base64' : `issuers told by the claim "${claim}"`;
    notes.lost(use.line, `${label}: ${what}; the route stays closed to those tokens`);
    draft.unknownSchemes.push('jwt');
    config.ignore(...config.keys);
    return;
  }
  const [cookie] = config.texts('cookie_names') ?? [];
  const [query] = config.texts('uri_param_names') ?? [];
  tellOfTokens(taken);
  askFor('jwt', { ...(cookie !== undefined && { cookie }), ...(query !== undefined && { query }) }, taken);
};

function tellOfTokens({ config, notes, label, use }: Taken): void {
  if (config.texts('header_names')?.some((name) => name.toLowerCase() !== 'authorization'))
    notes.lost(config.lineOf('header_names'), `${label}: tokens in another field than Authorization`);
  if (!config.has('uri_param_names'))
    notes.changed(use.line, `${label}: no tokens in the query ("?jwt="), where Kong takes them unless told otherwise`);
  if (config.has('maximum_expiration'))
    notes.lost(config.lineOf('maximum_expiration'), `${label}: how long a token may live at most`);
  if (config.texts('claims_to_verify')?.includes('exp') !== true)
    notes.changed(use.line, `${label}: "exp" and "nbf" are always checked here`);
}

/** Login by a browser has no like here; tokens of the same server do. */
export const openidConnect: TakeOver = ({ config, draft, notes, label, use }) => {
  const issuer = config.text('issuer')?.replace(/\/\.well-known\/.*$/, '');
  const hint =
    issuer === undefined
      ? ''
      : `: for its tokens write "issuers": [{ "issuer": "…", "discover": true, "audience": "…" }]`;
  notes.lost(use.line, `${label}: sessions and logins; the route asks for a key or a token${hint}`);
  draft.unknownSchemes.push(use.name);
  config.ignore(...config.keys);
};

function askFor(scheme: string, options: Readonly<Record<string, string>>, taken: Taken): void {
  const { config, draft, notes, label, use } = taken;
  config.ignore('realm', 'run_on_preflight', 'identity_realms');
  const hides = config.flag('hide_credentials');
  if (hides === false) draft.keepsCredentials = true;
  if (hides === undefined)
    notes.changed(use.line, `${label}: the service does not see the credential ("forwardCredentials" would send it)`);
  notes.changed(0, SERVICE_FIELDS);
  const written = Object.keys(options).length === 0 ? scheme : { [scheme]: options };
  const isPossible = authOption.safeParse(written).success;
  if (!isPossible)
    notes.lost(
      use.line,
      `${label}: the places of the credential (${Object.values(options).join(', ')}); it comes in the usual one`,
    );
  draft.schemes.push({
    scheme,
    options: isPossible ? options : {},
    anonymous: config.text('anonymous') || undefined,
    line: use.line,
  });
}

/** Groups that may, or may not; the groups of a consumer are its roles here. */
export const acl: TakeOver = ({ config, draft, notes, label, use }) => {
  const allow = config.texts('allow') ?? config.texts('whitelist');
  const deny = config.texts('deny') ?? config.texts('blacklist');
  config.ignore('allow', 'deny', 'whitelist', 'blacklist', 'hide_groups_header', 'always_use_authenticated_groups');
  notes.changed(use.line, `${label}: groups are roles, and services are not told them (X-Consumer-Groups)`);
  if (allow !== undefined && allow.length > 0) draft.allowedGroups = allow;
  if (deny !== undefined && deny.length > 0) draft.deniedGroups = deny;
  if ((allow ?? []).length + (deny ?? []).length === 0) draft.unknownSchemes.push('an acl without groups');
};

/** What is known of the callers of the file. */
export interface Callers {
  /** Anonymous consumers that are refused by a request-termination of their own. */
  readonly closedAnonymous: ReadonlySet<string>;
  /** Issuers whose consumer is in one of these groups: a token has no roles of its own. */
  issuersIn(groups: readonly string[]): readonly string[];
}

/** The groups of an acl: roles of who comes with a key or a password, and issuers of those who come with a token. */
function rulesOf({ schemes, allowedGroups, deniedGroups }: Draft, { issuersIn }: Callers): Record<string, unknown> {
  const takesTokens = schemes.some(({ scheme }) => scheme === 'jwt');
  const isIn = (groups: readonly string[]): string => {
    const issuers = issuersIn(groups);
    const ofKeys = `roles.exists(role, role in ${JSON.stringify(groups)})`;
    return takesTokens && issuers.length > 0 ? `${ofKeys} || issuer in ${JSON.stringify(issuers)}` : ofKeys;
  };
  const needsWhen = deniedGroups !== undefined || (allowedGroups !== undefined && isIn(allowedGroups).includes('||'));
  if (!needsWhen) return allowedGroups === undefined ? {} : { authorize: { roles: { any: allowedGroups } } };
  const conditions = [
    ...(allowedGroups === undefined ? [] : [`(${isIn(allowedGroups)})`]),
    ...(deniedGroups === undefined ? [] : [`!(${isIn(deniedGroups)})`]),
  ];
  return { authorize: { when: conditions.join(' && ') } };
}

/** Who may call, in the words of routes.json; what can't be asked for closes the door and never opens it. */
export function finishAuth(draft: Draft, callers: Callers, notes: Notes): Record<string, unknown> {
  const { schemes, unknownSchemes, unknownGuards } = draft;
  const rules = rulesOf(draft, callers);
  const hasRules = Object.keys(rules).length > 0;
  if (unknownSchemes.length > 0 && schemes.length > 0) {
    notes.lost(
      draft.line,
      `${draft.label} is closed ("maintenance"): Kong asks for ${unknownSchemes.join(', ')} as well`,
    );
    return { ...rules, maintenance: true };
  }
  // Without `auth` a route asks for a key or a token.
  if (unknownSchemes.length > 0) return rules;
  if (schemes.length > 0) return { auth: combine(draft, callers, notes), ...keep(draft), ...rules };
  if (hasRules) {
    notes.changed(draft.line, `${draft.label} has groups and no authentication: it asks for a key or a token`);
    return rules;
  }
  if (unknownGuards.length === 0) return { auth: 'none' };
  notes.lost(
    draft.line,
    `${draft.label} asks for a key or a token, since nobody knows whom ${unknownGuards.join(', ')} would refuse; "auth": "none" opens it`,
  );
  return {};
}

function keep({ keepsCredentials }: Draft): Record<string, unknown> {
  return keepsCredentials === true ? { forwardCredentials: true } : {};
}

/** Several plugins must all be satisfied; with `anonymous` any of them is enough, and perhaps none. */
function combine({ schemes, line, label }: Draft, { closedAnonymous }: Callers, notes: Notes): unknown {
  const written = schemes.map(({ scheme, options }) =>
    Object.keys(options).length === 0 ? scheme : { [scheme]: options },
  );
  const anonymous = schemes.map((each) => each.anonymous);
  const areAllOptional = anonymous.every((each) => each !== undefined);
  if (areAllOptional && anonymous.every((each) => closedAnonymous.has(each as string))) {
    notes.changed(line, `${label}: any of its credentials is enough, as with the anonymous consumer that is refused`);
    return written.length === 1 ? written[0] : written;
  }
  if (areAllOptional) {
    notes.changed(
      line,
      `${label}: who shows no credential passes, as Kong's anonymous consumer; one that is wrong is refused here`,
    );
    return { any: written, optional: true };
  }
  if (anonymous.some((each) => each !== undefined))
    notes.changed(line, `${label}: all of its credentials are asked for, also where Kong falls back on "anonymous"`);
  return written.length === 1 ? written[0] : { all: written };
}
