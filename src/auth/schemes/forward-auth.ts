import { z } from 'zod';
import type { RequestContext } from '../../context.ts';
import type { Call, CallAnswer } from '../../deps.ts';
import { FairQueue } from '../../lib/fair-queue.ts';
import { isHostName } from '../../lib/host-name.ts';
import { networkKey } from '../../lib/network-key.ts';
import { duration } from '../../schema-values.ts';
import { ask, fieldOf } from '../ask.ts';
import { BEARER_CHALLENGE } from '../bearer.ts';
import { createIdentity, type Outcome, Refusal, type RefusalCode } from '../identity.ts';
import { passCookies, passOn } from '../passed-on.ts';
import { withoutParameter } from '../query-credential.ts';
import { Undecided } from '../recorded.ts';
import { defineScheme, fieldName } from '../scheme.ts';

const MAX_ANSWER_BYTES = 64 * 1024;
const MAX_ASKING = 1000;
const MAX_VALUE_CHARS = 4096;

/** Fields that the gateway sends itself: a second value beside its own could be the one that a service believes. */
const SET_HERE = new Set([
  'x-auth-method',
  'x-consumer-name',
  'x-user-issuer',
  'x-request-id',
  'x-correlation-id',
  'x-request-timeout-ms',
  'traceparent',
  'tracestate',
  'x-real-ip',
]);

const copiedField = fieldName.refine((name) => !SET_HERE.has(name) && !name.startsWith('x-forwarded-'), {
  error: ({ input }) => `"${input}" is set by the gateway itself, and would come twice`,
});

/** The options of the scheme `forward-auth`: who decides, what it is told, and what the service is told. */
const options = z.strictObject({
  url: z
    .url({ protocol: /^https?$/, error: 'expected an http or https URL' })
    .refine((url) => isHostName(URL.parse(url)?.hostname ?? ''), 'has no name of a host that could be looked up')
    .refine(hasNoUser, 'names a user: write no name and password into a URL')
    .describe('Where the verdict comes from, by GET.'),
  requestHeaders: z
    .array(fieldName)
    .max(32)
    .default(['authorization', 'cookie', 'x-api-key', 'accept', 'x-requested-with'])
    .describe(
      'Fields of the request that it is shown. Default: authorization, cookie, x-api-key, accept, x-requested-with.',
    ),
  copyHeaders: z
    .array(copiedField)
    .max(32)
    .default(['x-user-id', 'x-user-role'])
    .describe("Fields of its answer that the service gets, in place of the client's. Default: x-user-id, x-user-role."),
  timeout: duration({ min: '50ms', max: '30s' }).prefault('2s').describe('How long a verdict may take. Default 2s.'),
});

type ForwardAuthOptions = z.output<typeof options>;

const BUSY = new Refusal('too many verdicts are awaited', { code: 'auth_unavailable' });
const NOT_ASKED = new Refusal('the auth service is not asked while explaining (--ask)', {
  code: 'auth_unavailable',
  cause: new Undecided('It is asked with --ask alone ("ask": true), since it may count or log that.'),
});
/** Fields that say nothing of who calls: they go on to the service although they were shown. */
const NO_CREDENTIAL = new Set(['cookie', 'accept', 'x-requested-with']);

/**
 * A service of the company's own decides, as with Traefik's forwardAuth: 2xx lets the request pass; 401, 403 and a
 * redirect refuse it, and the client gets them as they are; all else is 503. It is asked for each request.
 */
export const forwardAuthScheme = defineScheme({
  name: 'forward-auth',
  options,
  challenge: BEARER_CHALLENGE,
  isLastResort: true,
  mayRepeat: true,
  // A cookie is the service's session as well: it stays.
  credentialFields: ({ requestHeaders }) => requestHeaders.filter((field) => !NO_CREDENTIAL.has(field)),
  verdictFields: ({ copyHeaders }) => copyHeaders,
  prepare: (_file, { call }) => call,

  create(chosen, call) {
    const decide = createDecision(chosen, call);
    return {
      authorizationWord: chosen.requestHeaders.includes('authorization') ? '*' : undefined,
      isConfigured: true,
      check: (context, nowMs) => (context.dryRun && !context.mayAsk ? NOT_ASKED : decide(context, nowMs)),
    };
  },
});

function createDecision(
  chosen: ForwardAuthOptions,
  call: Call,
): (context: RequestContext, nowMs: number) => Promise<Outcome> {
  const { url, requestHeaders, timeout: timeoutMs } = chosen;
  const places = new FairQueue({ atOnce: MAX_ASKING });

  return async function decide(context, nowMs) {
    const caller = networkKey(context.clientAddress);
    if (!(await places.enter(caller, false, nowMs))) return BUSY;
    try {
      const headers = describe(context, requestHeaders);
      const answer = await ask(call, url, { headers, timeoutMs, maxBytes: MAX_ANSWER_BYTES });
      if (answer.status === 401 && !context.dryRun) places.blame(caller, nowMs);
      if (answer.status < 300) return accept(answer, context, chosen);
      return refuse(
        answer,
        context,
        chosen.requestHeaders.some((name) => isSent(context, name)),
      );
    } catch (cause) {
      return new Refusal('what decides about this request does not answer', { code: 'auth_unavailable', cause });
    } finally {
      places.leave();
    }
  };
}

/** What the deciding service is told: the chosen fields, and what was asked of whom by whom. */
function describe(context: RequestContext, names: readonly string[]): Record<string, string> {
  const { headers } = context.req;
  const fields: Record<string, string> = {};
  for (const name of names) {
    const value = headers[name];
    if (value !== undefined) fields[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  // Nor is it shown what others are to check.
  const uri = context.path + withoutCredential(context);
  return {
    ...fields,
    'x-forwarded-method': context.method,
    'x-forwarded-uri': uri,
    'x-forwarded-proto': context.scheme,
    'x-forwarded-host': headers.host ?? '',
    'x-forwarded-for': context.clientAddress,
    'x-request-id': context.requestId,
    // What is made for nginx reads these.
    'x-original-uri': uri,
    'x-original-method': context.method,
  };
}

function withoutCredential({ query, route }: RequestContext): string {
  return route?.credentialParameter === undefined ? query : withoutParameter(query, route.credentialParameter);
}

const REFUSALS: Readonly<Record<number, { readonly code: RefusalCode; readonly reason: string }>> = {
  401: { code: 'invalid_credential', reason: 'the credential is not accepted' },
  403: { code: 'forbidden', reason: 'this is not allowed' },
};
const SENT_AWAY = { code: 'unauthenticated', reason: 'the auth service sends the client to sign in' } as const;

const NOTHING_SENT = {
  code: 'unauthenticated',
  reason: 'the auth service wants a credential, and none was sent',
} as const;
/** Fields that are no credential, whoever sends them. */
const DESCRIPTIONS = new Set(['accept', 'x-requested-with']);

function isSent({ req }: RequestContext, name: string): boolean {
  return req.headers[name] !== undefined && !DESCRIPTIONS.has(name);
}

function refuse(answer: CallAnswer, context: RequestContext, hasCredential: boolean): Refusal {
  const passedOn = passOn(context, answer);
  if (passedOn === undefined) return unusable(`answered ${answer.status}`);
  const told = REFUSALS[answer.status] ?? SENT_AWAY;
  const { code, reason } = answer.status === 401 && !hasCredential ? NOTHING_SENT : told;
  return new Refusal(reason, { code, passedOn });
}

/** A verdict that is none. */
function unusable(what: string): Refusal {
  const reason = `what decides about this request ${what}`;
  return new Refusal(reason, { code: 'auth_unavailable', cause: new Error(reason) });
}

function accept({ headers }: CallAnswer, context: RequestContext, { url, copyHeaders }: ForwardAuthOptions): Outcome {
  const copied = copyHeaders.map((name) => [name, fieldOf(headers, name)] as const);
  const unfit = copied.find(([, value]) => value !== undefined && !isUsable(value))?.[0];
  if (unfit !== undefined) return unusable(`answered with a field ${unfit} that can not be sent on`);
  if (!passCookies(context, headers)) return unusable('answered with a cookie that can not be sent on');
  // The client's own never came so far; another auth service may have said the same field before.
  dropFields(context.upstreamHeaders, new Set(copied.flatMap(([name, value]) => (value === undefined ? [] : [name]))));
  const said = new Map(copied);
  const roles = said
    .get('x-user-role')
    ?.split(',')
    .map((role) => role.trim())
    .filter((role) => role !== '');
  // The identity renders these two itself, encoded.
  for (const [name, value] of copied) {
    if (value !== undefined && name !== 'x-user-id' && name !== 'x-user-role')
      context.upstreamHeaders.push(name, value);
  }
  // Its users are its own: one of the same name of an issuer of tokens is somebody else.
  const issuer = url.split('?', 1)[0];
  return createIdentity('forward-auth', { subject: said.get('x-user-id'), issuer, roles: roles ?? [] });
}

function hasNoUser(text: string): boolean {
  const url = URL.parse(text);
  return url === null || (url.username === '' && url.password === '');
}

/** Short, and of visible ASCII: left out, a field would tell the service that nobody calls. */
function isUsable(value: string): boolean {
  return value.length <= MAX_VALUE_CHARS && /^[\x20-\x7e]*$/.test(value);
}

/** Takes the fields of these names out of what is sent on. */
function dropFields(fields: string[], names: ReadonlySet<string>): void {
  let kept = 0;
  for (let i = 0; i < fields.length; i += 2) {
    if (names.has((fields[i] as string).toLowerCase())) continue;
    fields[kept] = fields[i] as string;
    fields[kept + 1] = fields[i + 1] as string;
    kept += 2;
  }
  fields.length = kept;
}
