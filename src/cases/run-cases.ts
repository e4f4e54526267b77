import { ConfigError, type Fault } from '../config/config-error.ts';
import { parseSettings } from '../config/env.ts';
import { loadRoutesInSteps } from '../config/load.ts';
import type { LoadedRoutes } from '../config/load-with.ts';
import { nameOfRoute } from '../config/route-name.ts';
import type { FileConfig } from '../config/routes.ts';
import type { Step } from '../explain/explanation.ts';
import { explainSteps } from '../explain/steps.ts';
import { redactText } from '../lib/redact.ts';
import { inSlices } from '../lib/steps.ts';
import { findNearest } from '../nearest-word.ts';
import type { Settings } from '../settings.ts';
import { type Cast, castCallers } from './callers.ts';
import type { Case } from './case-file.ts';
import { compareOutcome, type Mismatch } from './compare.ts';
import { FakeTime } from './fake-time.ts';
import type { ReadCases } from './read-cases.ts';
import { createStubs, type SentCall, type Stubs } from './stubs.ts';
import { createTrialGateway, type TrialAnswer, type TrialGateway, type TrialRequest } from './trial-gateway.ts';

/** What became of one case. */
export interface CaseResult {
  readonly name: string;
  readonly line: number;
  /** `GET /api/orders as ann`. */
  readonly asked: string;
  readonly mismatches: readonly Mismatch[];
  /** Of a failed case: what its stages decided, and what else is to be said. */
  readonly steps: readonly Step[];
  readonly notes: readonly string[];
  /** How long it took, in the time of the world. */
  readonly tookMs: number;
}

/** What became of the cases of one file. */
export interface FileResult {
  readonly file: string;
  readonly results: readonly CaseResult[];
}

export interface CaseSource {
  readonly routesFile: string;
  readonly env: NodeJS.ProcessEnv;
}

const NOON_MS = 12 * 3_600_000;
const DAY_MS = 24 * 3_600_000;

/**
 * Runs the cases of one file, one after another, against a gateway made from the routes file for them alone. Nothing
 * leaves the process, and time is theirs. Throws the ConfigError of routes, settings or cases that are at fault.
 */
export async function runCases(cases: ReadCases, { routesFile, env: outside }: CaseSource, nowMs: number) {
  const { file } = cases;
  const env = { ...outside, ...file.env };
  const settings = parseSettings({ ...env, ROUTES_FILE: routesFile });
  const loaded = await inSlices(loadRoutesInSteps(routesFile, { env }));
  const faults: Fault[] = [];
  const cast = castCallers(alone(loaded.config), settings.jwt, file.callers, (path, message, known) => {
    faults.push(cases.faultAt(path, message, suggest(String(message.split('"')[1]), known)));
  });
  faults.push(...findUnknownNames(cases, loaded.config));
  if (faults.length > 0) throw new ConfigError(faults);
  const time = new FakeTime(file.startAt ?? Math.floor(nowMs / DAY_MS) * DAY_MS + NOON_MS);
  time.install();
  const run = new CaseRun(
    { ...settings, jwt: cast.jwt, redisUrl: undefined },
    { ...loaded, config: cast.config },
    cast,
    cases,
    time,
  );
  try {
    return { file: cases.name, results: await run.all() } satisfies FileResult;
  } finally {
    run.close();
    time.uninstall();
  }
}

/** Nobody is asked how services are, or where: they are their stubs. */
function alone(config: FileConfig): FileConfig {
  const services = Object.entries(config.services).map(([name, service]) => [name, withoutQuestions(service, name)]);
  const routes = config.routes.map((route, index) => withoutQuestions(route, `route-${index}`));
  return { ...config, services: Object.fromEntries(services), routes } as FileConfig;
}

function withoutQuestions<T extends { healthCheck?: unknown; discover?: unknown }>(options: T, name: string): object {
  const { healthCheck: _, discover, ...rest } = options;
  if (discover === undefined) return rest;
  return { ...rest, targets: [{ url: `http://${name.toLowerCase().replace(/[^a-z0-9-]/g, '-')}.invalid`, weight: 1 }] };
}

/** Services and routes that the routes file does not have: what is expected of those would never hold. */
function findUnknownNames({ file, faultAt }: ReadCases, { services, routes }: FileConfig): Fault[] {
  const known = Object.keys(services);
  const stubs = [[], ...file.cases.map((_, index) => ['cases', index])].flatMap((place, index) =>
    Object.keys((index === 0 ? file.stubs : file.cases[index - 1]?.stubs) ?? {})
      .filter((name) => !name.includes('://') && !Object.hasOwn(services, name))
      .map((name) =>
        faultAt([...place, 'stubs', name], `the routes file has no service "${name}"`, suggest(name, known)),
      ),
  );
  const names = routes.map(nameOfRoute);
  const others = file.cases.flatMap(({ expect: { route } }, index) => {
    if (route === undefined || route === null || names.includes(route)) return [];
    const message = `the routes file has no route "${route}"`;
    return [faultAt(['cases', index, 'expect', 'route'], message, suggest(route, names))];
  });
  return [...stubs, ...others];
}

function suggest(given: string, known: readonly string[]): string | undefined {
  const nearest = findNearest(given, known);
  if (nearest !== undefined) return `did you mean "${nearest}"?`;
  return known.length === 0 ? undefined : `known here: ${known.slice(0, 12).join(', ')}`;
}

/** The cases of a file in their course. */
class CaseRun {
  readonly #settings: Settings;
  readonly #loaded: LoadedRoutes<FileConfig>;
  readonly #cast: Cast;
  readonly #cases: ReadCases;
  readonly #time: FakeTime;
  #stubs!: Stubs;
  #trial: TrialGateway | undefined;

  constructor(settings: Settings, loaded: LoadedRoutes<FileConfig>, cast: Cast, cases: ReadCases, time: FakeTime) {
    this.#settings = settings;
    this.#loaded = loaded;
    this.#cast = cast;
    this.#cases = cases;
    this.#time = time;
  }

  async all(): Promise<CaseResult[]> {
    const results: CaseResult[] = [];
    for (const [index, one] of this.#cases.file.cases.entries()) {
      results.push(await this.#run(one, this.#cases.lines[index] ?? 0));
    }
    return results;
  }

  close(): void {
    this.#trial?.close();
  }

  #begin(): TrialGateway {
    this.close();
    this.#stubs = createStubs(this.#cases.file.stubs, this.#time);
    this.#trial = createTrialGateway(this.#settings, this.#loaded, this.#stubs, this.#time);
    return this.#trial;
  }

  async #run(one: Case, line: number): Promise<CaseResult> {
    const begunAt = process.hrtime.bigint();
    const trial = one.fresh === true || this.#trial === undefined ? this.#begin() : this.#trial;
    this.#stubs.setForCase(one.stubs);
    const { after, times } = one.request;
    if (after > 0) await this.#time.moveTo(this.#time.now() + after);
    let answer: TrialAnswer | undefined;
    let calls: readonly SentCall[] = [];
    for (let time = 0; time < times; time += 1) {
      this.#stubs.take();
      answer = await trial.send(this.#requestOf(one.request));
      // What goes on behind the answer: mirrors, refills of the cache.
      await this.#time.rest();
      calls = this.#stubs.take();
    }
    const came = answer as TrialAnswer;
    const mismatches = compareOutcome(one.expect, outcomeOf(came, calls));
    if (came.broken !== undefined) mismatches.push({ what: 'answer', expected: 'a whole one', came: came.broken });
    const failed = mismatches.length > 0;
    return {
      name: one.name,
      line,
      asked: askedOf(one.request),
      mismatches,
      steps: failed ? stepsOf(came, trial) : [],
      notes: failed ? [...this.#stubs.unknown].map((url) => `no stub answers for ${url}: add one to "stubs"`) : [],
      tookMs: Number(process.hrtime.bigint() - begunAt) / 1e6,
    };
  }

  #requestOf(request: Case['request']): TrialRequest {
    const { url, headers, json, body, as, address } = request;
    const [, scheme = 'http', authority, rest = url] = /^(https?):\/\/([^/?#]*)(.*)$/.exec(url) ?? [];
    const text = body ?? (json === undefined ? undefined : JSON.stringify(json));
    const list = Object.entries(headers).flatMap(([name, value]) => [value].flat().flatMap((one) => [name, one]));
    const has = (name: string): boolean => list.some((one, at) => at % 2 === 0 && one.toLowerCase() === name);
    if (!has('host')) list.unshift('Host', authority ?? 'localhost');
    if (json !== undefined && !has('content-type')) list.push('Content-Type', 'application/json');
    if (as !== undefined) list.push(...this.#cast.headersOf(as, this.#time.now()).flat());
    return {
      method: methodOf(request),
      target: (rest.startsWith('/') ? rest : `/${rest}`).replace(/#.*$/, ''),
      headers: list,
      body: text === undefined ? undefined : Buffer.from(text),
      from: { address, scheme: scheme === 'https' ? 'https' : 'http' },
    };
  }
}

function methodOf({ method, json, body }: Case['request']): string {
  return method ?? (json === undefined && body === undefined ? 'GET' : 'POST');
}

function askedOf(request: Case['request']): string {
  const { url, as, times } = request;
  return `${methodOf(request)} ${url}${as === undefined ? '' : ` as ${as}`}${times === 1 ? '' : `, ${times} times`}`;
}

function outcomeOf({ status, headers, body, context }: TrialAnswer, calls: readonly SentCall[]) {
  const route = context?.route?.name ?? null;
  return { status, headers, body: body.toString(), route, code: context?.errorCode ?? null, calls };
}

function stepsOf({ context }: TrialAnswer, { gateway }: TrialGateway): readonly Step[] {
  if (context === undefined) return [];
  const route = gateway.snapshot.routes.find(({ name }) => name === context.route?.name);
  const said = [{ stage: 'match', decision: route === undefined ? 'no route takes it' : `route ${route.name}` }];
  return explainSteps([...said, ...(context.trace ?? [])], route, context.refusedBy, redactText);
}
