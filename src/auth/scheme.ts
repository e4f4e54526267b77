import { z } from 'zod';
import { isOneHop } from '../lib/header-filter.ts';
import type { Report, StageDeps } from '../stage.ts';
import type { consumersFileKeys } from './consumers.ts';
import type { CredentialCheck } from './identity.ts';
import type { TokenCallers } from './token-identity.ts';
import type { TokenPlaces } from './token-places.ts';

type FileOf<Shape extends z.ZodRawShape> = z.output<z.ZodObject<typeof consumersFileKeys & Shape>>;

/**
 * One way to prove who calls: what a route may say of it, what carries its credential, and the check made from both.
 *
 * `prepare` runs once per snapshot, `create` once per route that names the scheme; the check touches only the request.
 */
export interface Scheme<Options = object, FileKeys extends z.ZodRawShape = z.ZodRawShape, Prepared = unknown> {
  /** As a route names it in `auth`, and as X-Auth-Method tells it. */
  readonly name: string;
  /** What may be written under the name: `{ "api-key": { … } }`. Undefined: nothing. */
  readonly options?: z.ZodType<Options> | undefined;
  /** The options that the bare name stands for; undefined where it can't stand alone. */
  readonly bare?: Options | undefined;
  /** What it asks for in WWW-Authenticate (RFC 9110, section 11.6.1). */
  readonly challenge: string;
  /** True when the credential is a bearer token, for whose refusal RFC 6750 has words of its own. */
  readonly isToken?: boolean;
  /** True when somebody has to be asked each time: it comes last, however it was written. */
  readonly isLastResort?: boolean;
  /** True when a credential passes once: it is looked at after those that pass again, which may yet refuse the call. */
  readonly passesOnce?: boolean;
  /**
   * True when the mere presence of its field proves who calls, and is believed of a trusted peer alone: such a field stops
   * at the gateway on every route of a file that names it anywhere.
   */
  readonly isPeerProof?: boolean;
  /** True when a route may name it twice, with other options: each is a check of its own. */
  readonly mayRepeat?: boolean;
  /** Keys of the whole file that belong to it alone. */
  readonly fileKeys: FileKeys;
  /** Lower-case names of the fields that carry its credential and stop at the gateway. */
  credentialFields(options: Options): readonly string[];
  /** Lower-case names of the fields that the service is told by this scheme alone; the client's own never pass. */
  verdictFields?(options: Options): readonly string[];
  /** Name of the query parameter that may carry its credential; it stops at the gateway too. */
  queryParameter?(options: Options): string | undefined;
  /** Where its token may come from beside `Authorization`. */
  tokenPlaces?(options: Options): TokenPlaces;
  /** Whether it takes a bearer that is no JWT; one scheme of a route may. */
  takesOpaqueBearer?(options: Options): boolean;
  /** Whether the file has anything that this scheme could accept: the gateway's own routes take every such scheme. */
  isPossible(file: FileOf<FileKeys>): boolean;
  /** Checks what a schema alone can't. */
  check?(file: FileOf<FileKeys>, report: Report): void;
  /** What of a route's options this file can't answer. */
  findFault?(options: Options, file: FileOf<FileKeys>): { readonly message: string; readonly hint: string } | undefined;
  /** Why no route can name it with this file. */
  findMissing?(file: FileOf<FileKeys>): { readonly message: string; readonly hint: string } | undefined;
  prepare(file: FileOf<FileKeys>, deps: StageDeps, callers: TokenCallers): Prepared;
  /** The check of one route. */
  create(options: Options, prepared: Prepared, route: AuthRoute): SchemeCheck;
}

/** What a scheme is told of the route that it is created for. */
export interface AuthRoute {
  /** Names of all its schemes. */
  readonly beside: ReadonlySet<string>;
  /** True where another scheme of it takes a bearer that is no JWT. */
  readonly takesOpaqueBearer: boolean;
  /** The issuers whose tokens it takes; undefined: all. */
  readonly issuers: ReadonlySet<string | undefined> | undefined;
}

/** What a scheme makes for a route; the rest of a check is known from the table. */
type SchemeCheck = Pick<CredentialCheck, 'authorizationWord' | 'isConfigured' | 'check' | 'asks' | 'recognize'>;

type Defaults = 'fileKeys' | 'isPossible' | 'prepare';

/** Types a scheme from its own options and keys. One without keys of the file or preparation leaves them out. */
export function defineScheme<
  Options extends object = object,
  const FileKeys extends z.ZodRawShape = Record<never, never>,
  Prepared = undefined,
>(
  scheme: Omit<Scheme<Options, FileKeys, Prepared>, Defaults> &
    Partial<Pick<Scheme<Options, FileKeys, Prepared>, Defaults>>,
): Scheme<Options, FileKeys, Prepared> {
  return {
    fileKeys: {} as FileKeys,
    isPossible: () => false,
    prepare: () => undefined as Prepared,
    ...scheme,
  };
}

/** The name of a header field as a route writes it, in lower case as it is compared. */
export const fieldName = z
  .string()
  .regex(/^[A-Za-z0-9-]{1,64}$/, 'expected the name of a header field')
  .transform((name) => name.toLowerCase())
  .refine((name) => !isOneHop(name), {
    error: ({ input }) => `"${input}" belongs to the connection, and can carry nothing else`,
  });
