import { loadRoutesInSteps } from '../config/load.ts';
import type { LoadedRoutes } from '../config/load-with.ts';
import type { FileConfig } from '../config/routes.ts';
import { createGateway } from '../gateway.ts';
import { inSlices } from '../lib/steps.ts';
import { createMetrics } from '../metrics.ts';
import { createDeps } from '../server/assemble.ts';
import { createHealth } from '../server/health.ts';
import type { Settings } from '../settings.ts';
import { firstDiscoveries } from '../upstream/discovery/discover.ts';
import { explain } from './explain.ts';
import type { Explanation } from './explanation.ts';
import type { Question } from './question.ts';

const NOWHERE = { append: () => undefined };

/**
 * Explains a request by a routes file, for which no gateway need run: limits are unused, circuits closed, caches empty.
 * Nobody is asked but who gives the addresses of services and the keys of issuers. Throws the ConfigError of a file that
 * is at fault.
 */
export async function explainFromFile(
  question: Question,
  settings: Settings,
  file: string,
  env: NodeJS.ProcessEnv,
): Promise<Explanation> {
  const loaded = await inSlices(loadRoutesInSteps(file, { env }));
  const deps = createDeps(
    { ...settings, routesFile: file, redisUrl: undefined },
    { access: NOWHERE, messages: NOWHERE },
    createMetrics(),
  );
  const gateway = createGateway(deps, withoutChecks(loaded), createHealth(deps, { isDraining: false }));
  try {
    await firstDiscoveries(deps.pool);
    return await explain(gateway, deps, question);
  } finally {
    gateway.close();
    deps.deadlines.stop();
  }
}

type Loaded = LoadedRoutes<FileConfig>;

/** A question is no reason to ask services how they are. */
function withoutChecks(loaded: Loaded): Loaded {
  const { config } = loaded;
  const services = Object.entries(config.services).map(([name, { healthCheck: _, ...rest }]) => [name, rest]);
  const routes = config.routes.map(({ healthCheck: _, ...rest }) => rest);
  return { ...loaded, config: { ...config, services: Object.fromEntries(services), routes } as Loaded['config'] };
}
