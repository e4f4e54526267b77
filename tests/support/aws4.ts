import aws4 from 'aws4';
import type { SeenRequest } from './service.ts';

export interface AwsKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** The `Authorization` that aws4, an implementation of its own, makes of a request. */
export function signByAws4(request: object, key: AwsKey): string {
  return aws4.sign(request, key).headers['Authorization'] ?? '';
}

/** What it makes of a request as a service has received it: of the fields that were signed, and the body. */
export function signAsReceived({ method, path, headers, body }: SeenRequest, scope: object, key: AwsKey): string {
  const signed = /SignedHeaders=([^,]+)/.exec(String(headers.authorization))?.[1]?.split(';') ?? [];
  const fields = Object.fromEntries(signed.map((name) => [name, String(headers[name])]));
  // It adds fields of its own for a body that it is given; the hash of it is in a field.
  const extraHeadersToIgnore = {
    'content-length': true,
    ...(signed.includes('content-type') ? {} : { 'content-type': true }),
  };
  const request = { ...scope, method, path, headers: fields, body: body.toString(), extraHeadersToIgnore };
  return signByAws4(request, key);
}
