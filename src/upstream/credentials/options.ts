import { z } from 'zod';
import { isOneHop } from '../../lib/header-filter.ts';
import { TOKEN } from '../../lib/http-token.ts';
import { isSafeUrl } from '../../lib/safe-url.ts';
import { duration, oneOrMany } from '../../schema-values.ts';
import { isFieldValue, MAX_VALUE_CHARS } from '../../values/header-value.ts';

/** What the gateway tells of the connection, the client and the caller. */
const TOLD_OTHERWISE = /^(?:x-forwarded-|x-user-|x-consumer-|x-auth-method$|sec-websocket-|content-)/;
const NAMES = new Set([
  'forwarded',
  'x-real-ip',
  'x-request-id',
  'x-correlation-id',
  'traceparent',
  'tracestate',
  'destination',
]);

/** Why a credential can't stand in a field; undefined where it can. */
function findFieldFault(name: string): string | undefined {
  const dashed = name.toLowerCase().replaceAll('_', '-');
  if (!TOKEN.test(name)) return 'this is no name of a header field';
  if (isOneHop(dashed)) return "this field belongs to the connection, which is the gateway's";
  if (TOLD_OTHERWISE.test(dashed) || NAMES.has(dashed)) return 'this field is told to the service by the gateway';
  return undefined;
}

const fieldName = z
  .string()
  .superRefine((name, context) => {
    const fault = findFieldFault(name);
    if (fault !== undefined) context.addIssue({ code: 'custom', message: fault });
  })
  .transform((name) => name.toLowerCase());

/** No message ever repeats one. */
const secret = z
  .string()
  .min(1)
  .max(MAX_VALUE_CHARS)
  .refine(isFieldValue, { error: 'expected visible ASCII characters, without blanks or line breaks at the ends' });

const headerOption = z
  .record(fieldName, secret)
  .refine((fields) => Object.keys(fields).length > 0, { error: 'names no field' })
  .describe('Fields with a secret of the file: { "authorization": "Bearer ${ENV:NAME}" }.');

const oauth2Option = z
  .strictObject({
    tokenUrl: z.string().max(2048).describe('Where tokens are given; https, or http on this machine.'),
    clientId: z.string().min(1).max(1024).describe('Who the gateway is to that server.'),
    clientSecret: z.string().min(1).max(4096).describe('Its secret; write "${ENV:NAME}" or "${FILE:/path}".'),
    clientAuth: z
      .enum(['basic', 'post'])
      .default('basic')
      .describe('Whether the two go in Authorization or in the body (RFC 6749, 2.3.1). Default "basic".'),
    scope: oneOrMany(z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/, { error: 'expected one scope, without blanks' }))
      .optional()
      .describe('What the token is asked for; one scope or a list.'),
    audience: oneOrMany(z.string().min(1)).optional().describe('Whom the token is for, where that server asks for it.'),
    resource: oneOrMany(z.url({ error: 'expected a URL' }))
      .optional()
      .describe('The same as URLs (RFC 8707).'),
    header: fieldName
      .default('authorization')
      .describe(
        'Field that the token goes in; in others than Authorization without "Bearer". Default "authorization".',
      ),
    timeout: duration({ min: '50ms', max: '30s' })
      .prefault('5s')
      .describe('How long that server may take. Default 5s.'),
    tls: z
      .strictObject({ ca: z.string().describe('PEM of the authority that signed its certificate.') })
      .optional()
      .describe('Whose word is taken for its certificate. Default: the authorities that Node trusts.'),
    allowHttp: z
      .boolean()
      .default(false)
      .describe('Takes a tokenUrl over plain http on the network, where anybody on the way reads the secret.'),
  })
  .superRefine(({ tokenUrl, allowHttp }, context) => {
    if (isSafeUrl(tokenUrl, allowHttp)) return;
    const message = 'expected an https URL (or http on this machine)';
    const params = { hint: '"allowHttp": true takes plain http on a network of your own' };
    context.addIssue({ code: 'custom', path: ['tokenUrl'], message, params });
  })
  .describe('An access token by client credentials (OAuth 2.0, RFC 6749, 4.4), renewed ahead of its end.');

export type AccessTokenOptions = z.output<typeof oauth2Option>;

const awsOption = z
  .strictObject({
    region: z.string().regex(/^[a-z0-9-]{1,64}$/, { error: 'expected a region such as "eu-central-1"' }),
    service: z
      .string()
      .regex(/^[A-Za-z0-9._-]{1,64}$/, { error: 'expected a name such as "s3" or "execute-api"' })
      .describe('The name of the service in a signature: "s3", "execute-api", "bedrock".'),
    accessKeyId: z.string().regex(/^\w{1,128}$/, { error: 'expected the ID of an access key' }),
    secretAccessKey: z.string().min(1).max(1024).describe('Write "${ENV:NAME}" or "${FILE:/path}".'),
    sessionToken: secret.optional().describe('Of temporary credentials.'),
    payload: z
      .enum(['signed', 'unsigned'])
      .default('signed')
      .describe(
        'Whether the body is signed too, and so read whole first; "unsigned" streams, which S3 takes over TLS. Default "signed".',
      ),
  })
  .describe('AWS Signature 4 on each attempt.');

export type AwsOptions = z.output<typeof awsOption>;

const tokenOption = z
  .strictObject({
    audience: oneOrMany(z.string().min(1).max(1024)).describe('`aud` of the token: the service.'),
    ttl: duration({ min: '10s', max: '1h' }).prefault('1m').describe('How long it is good. Default 1m.'),
    header: fieldName
      .default('authorization')
      .describe('Field that it goes in; in others than Authorization without "Bearer". Default "authorization".'),
    perRequest: z
      .boolean()
      .default(false)
      .describe('A token for each request, with `request_id`; by default a caller has one for half of its time.'),
  })
  .describe('A signed token of the gateway that says who calls; its keys are at /.well-known/jwks.json.');

export type CallerTokenOptions = z.output<typeof tokenOption>;

const kinds = z
  .strictObject({
    header: headerOption.optional(),
    oauth2: oauth2Option.optional(),
    token: tokenOption.optional(),
    aws: awsOption.optional(),
  })
  .superRefine((option, context) => {
    const written = fieldsOf(option);
    if (written.length === 0) context.addIssue({ code: 'custom', message: 'names none of header, oauth2, token, aws' });
    const twice = written.find((name, at) => written.indexOf(name) < at);
    if (twice === undefined) return;
    const params = { hint: 'give one of them another "header"' };
    context.addIssue({ code: 'custom', message: `two of its kinds write "${twice}"`, params });
  });

/** The key `serviceAuth` of a service, and of a route. */
export const serviceAuthOption = z
  .union([z.literal(false), kinds])
  .describe(
    "What proves the gateway, or the caller, to the service; that of a route stands in place of its service's.",
  );

export type ServiceAuthOption = z.output<typeof serviceAuthOption>;

/** The fields that AWS Signature 4 writes. */
export const AWS_FIELDS = ['authorization', 'x-amz-date', 'x-amz-content-sha256', 'x-amz-security-token'] as const;

/** Lower-case names of the fields that it writes, as often as it does. */
function fieldsOf({ header = {}, oauth2, token, aws }: z.output<typeof kinds>): string[] {
  const single = [oauth2?.header, token?.header].filter((name) => name !== undefined);
  return [...Object.keys(header), ...single, ...(aws === undefined ? [] : AWS_FIELDS)];
}

/** The fields that nobody but the gateway may write towards this service. */
export function credentialFields(option: ServiceAuthOption | undefined): readonly string[] {
  return option === undefined || option === false ? [] : fieldsOf(option);
}

/** The field in which it sends the service a token that says who calls, in lower case; undefined where it sends none. */
export function callerField(option: ServiceAuthOption | undefined): string | undefined {
  return option === undefined || option === false ? undefined : option.token?.header;
}
