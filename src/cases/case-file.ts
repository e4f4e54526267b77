import { isIP } from 'node:net';
import { z } from 'zod';
import { ERRORS, type ErrorCode } from '../errors.ts';
import { parsePattern } from '../pattern.ts';
import { duration, instant } from '../schema-values.ts';

/** What a case file may say. Every object is strict: a misspelt key would be an expectation that always holds. */
const fieldName = z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}$/, 'expected the name of a header field');
const fieldValue = z
  .string()
  .max(16_384)
  .regex(/^[\t\x20-\x7e\x80-\xff]*$/, 'expected a value that a header field can carry');
const fields = z.record(fieldName, z.union([fieldValue, z.array(fieldValue).min(1)]));
const json = z.json();
const CODES = Object.keys(ERRORS) as ErrorCode[];

/** A text to the letter, or `/regex/`. */
const textOrPattern = z.string().superRefine((text, context) => {
  const source = patternIn(text);
  if (source === undefined) return;
  try {
    parsePattern(source);
  } catch (error) {
    context.addIssue({ code: 'custom', message: (error as Error).message });
  }
});

/** The expression of `/regex/`; undefined for a text that is meant to the letter. */
export function patternIn(text: string): string | undefined {
  return text.length > 2 && text.startsWith('/') && text.endsWith('/') ? text.slice(1, -1) : undefined;
}

const oneBody = (value: object): boolean =>
  ['body', 'json', 'echo'].filter((name) => Object.hasOwn(value, name)).length <= 1;

const stubAnswer = z
  .strictObject({
    status: z.int().min(200).max(599).default(200).describe('Status of its answer. Default 200.'),
    headers: fields.default({}).describe('Header fields of its answer.'),
    json: json.optional().describe('Its body, as JSON.'),
    body: z.string().optional().describe('Its body, as text.'),
    echo: z.literal(true).optional().describe('Answers with what it was asked: service, method, path, headers, body.'),
    delay: duration({ min: '1ms', max: '10m' }).optional().describe('How long it takes, by the clock of the cases.'),
    fails: z
      .enum(['refused', 'reset', 'timeout'])
      .optional()
      .describe('It takes no connection, breaks it off, or never answers.'),
  })
  .refine(oneBody, 'give one of "json", "body" and "echo"');

const stub = z
  .union([stubAnswer, z.array(stubAnswer).min(1).max(1000)])
  .transform((value) => [value].flat() as readonly StubAnswer[])
  .describe('An answer, or several in their turn, of which the last one stays.');

const caller = z
  .strictObject({
    claims: z
      .record(z.string(), json)
      .optional()
      .describe(
        'Calls with a token of these claims; `sub` (the name of the caller), `iss`, `aud` and `exp` by default.',
      ),
    issuer: z.string().min(1).optional().describe('Whose token it is. Default: the only issuer, or that of JWT_*.'),
    expired: z.literal(true).optional().describe('The token has expired an hour ago.'),
    consumer: z.string().min(1).optional().describe('Calls with an API key of this consumer.'),
    key: z
      .string()
      .min(1)
      .optional()
      .describe('What the key holds is what its key of this id holds. Default: everything.'),
    headers: fields.optional().describe('Sends these fields, whatever they prove.'),
  })
  .refine(({ claims, consumer, headers }) => claims ?? consumer ?? headers, 'give "claims", "consumer" or "headers"')
  .refine(({ consumer, key }) => consumer !== undefined || key === undefined, '"key" goes with "consumer"')
  .refine(
    ({ claims, issuer, expired }) => claims !== undefined || (issuer ?? expired) === undefined,
    '"issuer" and "expired" go with "claims"',
  );

const request = z
  .strictObject({
    method: z
      .string()
      .regex(/^(?!CONNECT$)[A-Z-]{1,32}$/, 'expected a method such as "GET"')
      .optional(),
    url: z
      .string()
      .max(16_384)
      .refine((text) => /^\/|^https?:\/\/[^/?#]/.test(text), 'expected a path, or a URL with http(s)')
      .refine((text) => /^[\x21-\x7e]*$/.test(text), 'expected a URL as it is sent: other signs percent-encoded')
      .describe('A path with its query, or a whole URL: its host is the Host.'),
    headers: fields.default({}),
    json: json.optional().describe('The body, as JSON; the method is POST then.'),
    body: z.string().optional().describe('The body, as text; the method is POST then.'),
    as: z.string().optional().describe('Who calls: a name of `callers`. Default: somebody without a credential.'),
    address: z
      .string()
      .refine((text) => isIP(text) !== 0, 'expected an IP address')
      .default('127.0.0.1')
      .describe('The other end of the connection; what it says of the client counts as TRUST_PROXY lets it.'),
    after: duration({ max: '400d' }).default(0).describe('How long after the case before it: moves the clock.'),
    times: z.int().min(1).max(10_000).default(1).describe('How often it is sent; what is expected is of the last one.'),
  })
  .refine(oneBody, 'give one of "json" and "body"')
  .refine(
    ({ headers }) => !Object.keys(headers).some((name) => name.toLowerCase() === 'upgrade'),
    'a case has no connection that could be upgraded: WebSockets are not tried here',
  );

const serviceCall = z.strictObject({
  name: z.string().optional().describe('Which service, or whose URL.'),
  method: z.string().optional(),
  path: z.string().optional().describe('Path and query, to the letter.'),
  headers: z.record(z.string(), textOrPattern.nullable()).optional(),
  json: json.optional().describe('These members and items of its body, and perhaps others.'),
  body: textOrPattern.optional(),
});

const expectation = z.strictObject({
  status: z.union([z.int().min(100).max(599), z.enum(['2xx', '3xx', '4xx', '5xx'])]).optional(),
  route: z.string().nullable().optional().describe('Name of the route that takes it; null: none does.'),
  code: z
    .enum(CODES, { error: 'expected a code of docs/errors.md' })
    .nullable()
    .optional()
    .describe('Code of the refusal; null: the gateway does not refuse it.'),
  headers: z
    .record(z.string(), textOrPattern.nullable())
    .optional()
    .describe('Fields of the answer: a text, "/regex/", or null for one that must not be there.'),
  json: json.optional().describe('These members and items of the body, and perhaps others.'),
  body: textOrPattern.optional(),
  service: z
    .union([serviceCall, z.array(serviceCall), z.null()])
    .optional()
    .describe('What a service was sent: one call of perhaps several, all of them as a list, or null for none.'),
});

const oneCase = z.strictObject({
  name: z.string().min(1).max(200),
  fresh: z.literal(true).optional().describe('Begins with a new gateway: nothing counted, stored or failed yet.'),
  stubs: z
    .record(z.string(), stub)
    .optional()
    .describe('What services answer to this case, before `stubs` of the file.'),
  request,
  expect: expectation,
});

/** A case file as a whole. */
export const caseFile = z.strictObject({
  $schema: z.string().optional(),
  startAt: instant.optional().describe('When the clock begins. Default: noon of today, UTC.'),
  env: z
    .record(z.string(), z.string())
    .default({})
    .describe('Variables for settings and `${ENV:…}`, before those of the environment.'),
  stubs: z
    .record(z.string(), stub)
    .default({})
    .describe('What services answer, by their names or the URLs of their targets; others that are asked by their URL.'),
  callers: z.record(z.string(), caller).default({}).describe('Who calls, by name.'),
  cases: z.array(oneCase).min(1).max(10_000).describe('Requests in their order, and what is expected of each.'),
});

export type CaseFile = z.output<typeof caseFile>;
export type Case = CaseFile['cases'][number];
export type Caller = CaseFile['callers'][string];
export type Expectation = Case['expect'];
export type ServiceCall = z.output<typeof serviceCall>;
export type StubAnswer = z.output<typeof stubAnswer>;

/** The JSON Schema of case files, for editors. */
export function renderCaseSchema(): string {
  const schema = z.toJSONSchema(caseFile, { io: 'input', target: 'draft-2020-12' });
  const titled = { title: 'A case file of Turnpike', ...schema, allowComments: true, allowTrailingCommas: true };
  return `${JSON.stringify(titled, null, 2)}\n`;
}
