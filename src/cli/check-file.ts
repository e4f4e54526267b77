import { audit } from '../audit/audit.ts';
import { findIgnores } from '../audit/ignores.ts';
import { type Finding, locate } from '../audit/locate.ts';
import type { Remark } from '../audit/remark.ts';
import { type Silenced, silence } from '../audit/silence.ts';
import type { AuditedFile, Subject } from '../audit/subject.ts';
import { ConfigError, type Fault } from '../config/config-error.ts';
import type { DotEnv } from '../config/dot-env.ts';
import { parseSettings } from '../config/env.ts';
import { loadRoutesInSteps } from '../config/load.ts';
import { type ReadFile, readRouteFiles } from '../config/read-files.ts';
import type { RouteConfig } from '../config/routes.ts';
import { remarkOnStrays } from '../config/stray-names.ts';
import type { SeenFile } from '../config/validate.ts';
import type { Hidden } from '../lib/hidden-values.ts';
import { inSlices } from '../lib/steps.ts';
import type { Settings } from '../settings.ts';
import { collectStartWarnings } from './start-warnings.ts';

/** All that there is to say of a configuration. */
export interface Checked {
  /** Paths of the files that were read: routes.json first, then those of routes.d. */
  readonly files: readonly string[];
  readonly routes: number;
  /** What keeps it from being used. */
  readonly faults: readonly Fault[];
  readonly findings: readonly Finding[];
  readonly silenced: readonly Silenced[];
}

type Loaded = ReturnType<typeof loadRoutesInSteps> extends Generator<unknown, infer T> ? T : never;

/** Checks the settings and the files in one round, and asks nobody. */
export async function checkFile(routesFile: string, env: NodeJS.ProcessEnv, dotEnv: DotEnv): Promise<Checked> {
  const files = readRouteFiles(routesFile);
  let seen: SeenFile | undefined;
  let { hide }: Pick<Hidden, 'hide'> = { hide: (text) => text };
  const onSeen = (all: SeenFile, hidden: Hidden): void => {
    seen = all;
    hide = hidden.hide;
  };
  const load = () => inSlices(loadRoutesInSteps(routesFile, { env, read: () => files, onSeen }));
  const [settings, loaded] = [await attempt(() => parseSettings(env, dotEnv)), await attempt(load)];
  const faults = [...settings.faults, ...loaded.faults];
  const subject = seen === undefined ? undefined : subjectOf(seen, settings.value);
  const remarks = [
    // A misspelt name may be the reason of a fault: it is told in either case.
    ...remarkOnStrays(env, routesFile, dotEnv),
    ...(await remarksOn(subject, settings.value, loaded.value)),
  ];
  const mainFile = files[0]?.source.name ?? routesFile;
  const located = remarks.map((remark) =>
    locate({ ...remark, message: hide(remark.message) }, subject, dotEnv, mainFile),
  );
  const ignores = files.flatMap(({ source }) => findIgnores(source));
  const heard = silence(located, ignores, faults.length > 0);
  return {
    files: files.map(({ path }) => path),
    routes: seen?.routes.length ?? 0,
    faults,
    findings: inOrder(heard.findings, files),
    silenced: heard.silenced,
  };
}

async function remarksOn(
  subject: Subject | undefined,
  settings: Settings | undefined,
  loaded: Loaded | undefined,
): Promise<readonly Remark[]> {
  if (subject === undefined) return [];
  const hasFaults = settings === undefined || loaded === undefined;
  const found = audit(subject, hasFaults);
  return hasFaults ? found : [...found, ...(await collectStartWarnings(settings, loaded))];
}

function subjectOf({ top, topAt, routes }: SeenFile, settings: Settings | undefined): Subject {
  const rows = routes.map(({ value, located, broken }, index) => ({
    route: value as unknown as RouteConfig,
    index,
    located,
    isSound: broken === undefined,
  }));
  return { routes: rows.filter(({ isSound }) => isSound), file: top as AuditedFile, topAt, settings };
}

/** What is read, or the faults that keep it from being read. */
async function attempt<T>(
  read: () => T | Promise<T>,
): Promise<{ readonly value: T | undefined; readonly faults: readonly Fault[] }> {
  try {
    return { value: await read(), faults: [] };
  } catch (error) {
    if (error instanceof ConfigError) return { value: undefined, faults: error.faults };
    throw error;
  }
}

/** As faults are: what has no place in a file first, then file by file and from top to bottom. */
function inOrder(findings: readonly Finding[], files: readonly ReadFile[]): readonly Finding[] {
  const names = files.map(({ source }) => source.name);
  return findings.toSorted(
    (a, b) => names.indexOf(a.file) - names.indexOf(b.file) || a.line - b.line || a.column - b.column,
  );
}
