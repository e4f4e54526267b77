import { createSign, generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RequestHandler } from 'express';
import { z } from 'zod';
import { attachContext, RequestContext } from '../../src/context.ts';
import { GatewayError } from '../../src/errors.ts';
import { HiddenValues } from '../../src/lib/hidden-values.ts';
import { finish } from '../../src/lib/steps.ts';
import { createMetrics } from '../../src/metrics.ts';
import { Pool } from '../../src/pool.ts';
import type { RouteInfo, Stage, StageDeps } from '../../src/stage.ts';

/** 2026-01-01T00:00:00Z: where the clock of the authentication tests stands. */
export const NOW_MS = 1_767_225_600_000;
export const NOW_SECONDS = NOW_MS / 1000;
export const SECRET = 'a secret of the tests that is longer than 32 bytes';

/** A key pair, made once per kind: RSA takes a while. */
export function createKeys(kind: 'rsa' | 'ec'): { readonly publicKey: KeyObject; readonly privateKey: KeyObject } {
  return kind === 'rsa'
    ? generateKeyPairSync('rsa', { modulusLength: 2048 })
    : generateKeyPairSync('ec', { namedCurve: 'P-256' });
}

export function pemOf(key: KeyObject): string {
  return key.export({ type: key.type === 'private' ? 'pkcs8' : 'spki', format: 'pem' }) as string;
}

/** A token signed by hand with RS256, for headers and claims that no library would sign. */
export function signRs256(header: object, claims: unknown, key: KeyObject): string {
  const input = `${encode({ alg: 'RS256', typ: 'JWT', ...header })}.${encode(claims)}`;
  return `${input}.${createSign('RSA-SHA256').update(input).sign(key).toString('base64url')}`;
}

export function encode(value: unknown): string {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
}

export interface FakeRequest {
  readonly method?: string;
  /** Header fields as the client wrote them; a name may stand twice. */
  readonly headers?: readonly (readonly [string, string])[];
  readonly query?: string;
  readonly clientAddress?: string;
}

/** A request that has come as far as the stage under test. */
export function createRequest({
  method = 'GET',
  headers = [],
  query = '',
  clientAddress = '192.0.2.1',
}: FakeRequest = {}) {
  const known: Record<string, string> = {};
  for (const [name, value] of headers) {
    const lower = name.toLowerCase();
    const before = known[lower];
    // As Node does: the first Authorization stays, other fields are joined.
    if (before === undefined) known[lower] = value;
    else if (lower !== 'authorization') known[lower] = `${before}, ${value}`;
  }
  const req = { method, headers: known, rawHeaders: headers.flat() } as unknown as IncomingMessage;
  const context = new RequestContext(req, {} as ServerResponse);
  context.query = query;
  context.clientAddress = clientAddress;
  context.trace = [];
  attachContext(req, context);
  return context;
}

/** Deps as far as authentication uses them, with a clock that a test moves. */
export function createDeps(overrides: object = {}) {
  const time = { nowMs: NOW_MS };
  const warnings: string[] = [];
  const log = { warn: (message: string) => warnings.push(message), info() {}, error() {}, debug() {} };
  const deps = {
    clock: { now: () => time.nowMs },
    log,
    settings: { jwt: undefined },
    metrics: createMetrics(),
    hidden: new HiddenValues(),
    lease: new Pool().lease(),
    whenInForce: (act: () => void) => act(),
    ...overrides,
  } as unknown as StageDeps;
  return { deps, time, warnings };
}

/** For issuers whose keys are at hand. */
export function noRemoteKeys(): never {
  throw new Error('this test fetches no keys');
}

export const ROUTE = {
  name: 'users',
  prefix: '/api/users',
  matched: true,
  isProtected: true,
  credentialHeaders: [],
} as unknown as RouteInfo;

/** Runs one handler; resolves to what it handed to `next`. */
export function run(handler: RequestHandler | undefined, context: RequestContext): Promise<unknown> {
  return new Promise((resolve) => {
    if (handler === undefined) resolve(undefined);
    else void handler(context.req as never, context.res as never, resolve);
  });
}

/** Compiles one stage from options and file as a person writes them. */
export function compile<Keys extends z.ZodRawShape, FileKeys extends z.ZodRawShape, Shared>(
  stage: Stage<Keys, FileKeys, Shared>,
  { options = {}, file = {}, deps }: { options?: object; file?: object; deps: StageDeps },
): RequestHandler | undefined {
  const parsedFile = z.strictObject({ ...stage.fileKeys, ...stage.fileReads }).parse(file);
  const parsed = z.strictObject({ ...stage.keys, ...stage.reads }).parse(options);
  return stage.create(parsed as never, ROUTE, deps, finish(stage.prepare(parsedFile as never, deps)));
}

/** What a stage's own check says about a file, as `path: message`. */
export function faultsOf<Keys extends z.ZodRawShape, FileKeys extends z.ZodRawShape, Shared>(
  stage: Stage<Keys, FileKeys, Shared>,
  { file = {}, routes = [] }: { file?: object; routes?: readonly object[] },
): readonly string[] {
  const faults: string[] = [];
  const parsedFile = z.strictObject({ ...stage.fileKeys, ...stage.fileReads }).parse(file);
  stage.check?.(parsedFile as never, routes as never, (path, message) => faults.push(`${path.join('/')}: ${message}`));
  return faults;
}

/** The header fields that a refusal adds, by name. */
export function fieldsOf(error: unknown): Readonly<Record<string, string>> {
  const fields: Record<string, string> = {};
  const flat = error instanceof GatewayError ? (error.extras?.headers ?? []) : [];
  for (let i = 0; i < flat.length; i += 2) fields[flat[i] as string] = flat[i + 1] as string;
  return fields;
}

/** The error table's code of what a stage handed to `next`; undefined when it let the request pass. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof GatewayError ? error.code : error === undefined ? undefined : String(error);
}
