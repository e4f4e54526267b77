import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { createFolder } from './folders.ts';
import { startGateway, type TestGatewayOptions } from './gateway.ts';
import { echo, type StubHandler, startService } from './service.ts';

/** The source of a stage named `probe` with these hooks; they see `options` and `route`. */
export const stageSource = (hooks: string, more = '') =>
  `import { defineStage } from 'turnpike';
export default defineStage({ name: 'probe', ${more} create(options, route) { return { ${hooks} }; } });
`;

interface World {
  readonly handler?: StubHandler;
  /** The name of its file. */
  readonly name?: string;
  /** Beside the keys that every route here has. */
  readonly route?: object;
  readonly top?: object;
  readonly more?: Partial<TestGatewayOptions>;
}

/** A gateway whose route `/a` uses a module with this source, and whose route `/b` uses none. */
export async function startOwn(
  t: TestContext,
  source: string,
  { handler = echo, name = 'probe.ts', route, top, more }: World = {},
) {
  const file = join(createFolder(t, { [name]: source }), name);
  const service = await startService(t, handler);
  const routes = [
    { prefix: '/a', target: service.url, auth: 'none', use: [file], ...route },
    { prefix: '/b', target: service.url, auth: 'none' },
  ];
  const config = { routes, ...top };
  return { gateway: await startGateway(t, { file: config, ...more }), service, file, config };
}
