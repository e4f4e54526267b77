import { isIP } from 'node:net';
import { z } from 'zod';

/** No question is longer: a request's head has 16 KiB, and a body is looked at up to a megabyte. */
export const MAX_QUESTION_BYTES = 1024 * 1024 + 64 * 1024;

/** Longer than any that passes, so that it can be told what becomes of it. */
const fieldValue = z.string().max(65_536);

/** What somebody asks about: `POST /explain`. */
export const questionSchema = z
  .strictObject({
    method: z
      .string()
      .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}$/, 'expected a method')
      .default('GET'),
    url: z
      .string()
      .max(16_384)
      .refine(
        (text) => text.startsWith('/') || /^https?:\/\/[^/?#]/i.test(text),
        'expected a path, or a URL with http(s)',
      )
      .describe('A path with its query, or a whole URL: its host is the Host, and its scheme that of the connection.'),
    headers: z.record(z.string().max(256), z.union([fieldValue, z.array(fieldValue)])).default({}),
    body: z
      .string()
      .max(1024 * 1024)
      .optional(),
    address: z
      .string()
      .refine((text) => isIP(text) !== 0, 'expected an IP address')
      .default('127.0.0.1')
      .describe('The other end of the connection; what it says of the client counts as TRUST_PROXY lets it.'),
    ask: z
      .boolean()
      .default(false)
      .describe('Whether auth services and introspection are asked about the caller, which they may count or log.'),
  })
  .superRefine(({ headers }, context) => {
    for (const [name, value] of Object.entries(headers)) {
      const isName = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name);
      const isValue = [value].flat().every((one) => /^[\t\x20-\x7e\x80-\xff]*$/.test(one));
      if (!isName || !isValue) {
        const message = isName ? 'expected a value that a field can carry' : `"${name}" is no name of a field`;
        context.addIssue({ code: 'custom', path: ['headers', name], message });
      }
    }
  });

export type Question = z.output<typeof questionSchema>;

/** A question as a request in process is made from it. */
export interface AskedRequest {
  readonly method: string;
  readonly target: string;
  readonly headers: readonly string[];
  readonly from: { readonly address: string; readonly scheme: 'http' | 'https' };
}

/** Path and query as they are written: a URL is not normalised here, since that is one of the things to explain. */
export function requestOf({ method, url, headers, address }: Question): AskedRequest {
  const [, scheme = 'http', authority, rest = url] = /^(https?):\/\/(?:[^/?#@]*@)?([^/?#]*)([^#]*)/i.exec(url) ?? [];
  const list: string[] = [];
  let hasHost = false;
  for (const [name, value] of Object.entries(headers)) {
    hasHost ||= name.toLowerCase() === 'host';
    for (const one of [value].flat()) list.push(name, one);
  }
  if (!hasHost) list.unshift('host', authority ?? 'localhost');
  return {
    method,
    // Beyond ASCII a request line has bytes, as curl sends them and Node reads them.
    target: Buffer.from(rest.startsWith('/') ? (rest.split('#', 1)[0] as string) : `/${rest}`).toString('latin1'),
    headers: list,
    from: { address, scheme: scheme.toLowerCase() === 'https' ? 'https' : 'http' },
  };
}
