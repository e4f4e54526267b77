import { loadDotEnv, parseSettings, readDotEnv } from '../config/env.ts';
import type { Settings } from '../settings.ts';
import { type AdminQuestion, askAdmin } from './ask-admin.ts';
import type { CliIo } from './io.ts';
import { withProgress } from './progress.ts';

/** The settings of here: those of the gateway that runs, where it is started here too. */
export function settingsHere(io: CliIo): Settings {
  loadDotEnv(process.cwd());
  return parseSettings(io.env, readDotEnv(process.cwd(), io.env));
}

/** Asks the gateway that runs, and says so where that takes its time. */
export function askRunning(io: CliIo, settings: Settings, question: AdminQuestion): Promise<unknown> {
  return withProgress(io, 'asking the gateway', askAdmin(settings, question));
}

/** A path with a query of what is known alone. */
export function pathWith(path: string, query: Readonly<Record<string, string | undefined>>): string {
  const known = Object.entries(query).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]));
  return known.length === 0 ? path : `${path}?${new URLSearchParams(known.map(([...pair]) => pair)).toString()}`;
}
