import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Fault } from '../../src/config/config-error.ts';
import { loadRoutesWith } from '../../src/config/load-with.ts';
import { configFolder, faultsOf } from './config-files.ts';
import { SAMPLE_STAGES } from './sample-stages.ts';

/** The configuration in a routes.json of this content, with other files beside it, by the keys of the sample stages. */
export function loadIn(t: TestContext, main: unknown, files: Readonly<Record<string, unknown>> = {}) {
  const folder = configFolder(t, { 'routes.json': main, ...files });
  return loadRoutesWith(SAMPLE_STAGES, join(folder, 'routes.json'), { env: {} });
}

/** The faults of such files, each with its file as it is called below their folder. */
export function faultsIn(
  t: TestContext,
  main: unknown,
  files: Readonly<Record<string, unknown>> = {},
): readonly Fault[] {
  const folder = configFolder(t, { 'routes.json': main, ...files });
  const faults = faultsOf(() => loadRoutesWith(SAMPLE_STAGES, join(folder, 'routes.json'), { env: {} }));
  return faults.map((fault) => ({ ...fault, file: fault.file.slice(folder.length + 1) }));
}

/** The one fault that a route with these keys has. */
export function faultOfRoute(t: TestContext, route: object): Fault {
  const faults = faultsIn(t, { routes: [{ prefix: '/a', target: 'http://a', ...route }] });
  assert.equal(faults.length, 1, JSON.stringify(faults));
  return faults[0] as Fault;
}
