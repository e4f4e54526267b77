import type { TestContext } from 'node:test';
import { consulOption, createConsulTargets } from '../../src/upstream/discovery/consul.ts';
import type { DiscoveryDeps } from '../../src/upstream/discovery/deps.ts';
import type { TargetSource } from '../../src/upstream/discovery/source.ts';
import { startScriptedConsul } from './scripted-consul.ts';
import { until } from './until.ts';

/** What discovery needs, with short times, and its log lines. */
export function discoveryDeps(overrides: Partial<DiscoveryDeps> = {}): DiscoveryDeps & { readonly lines: string[] } {
  const lines: string[] = [];
  const write = ((line: string) => void lines.push(line)) as unknown as DiscoveryDeps['log']['info'];
  return {
    settings: { port: 3000, adminPort: 9901, consulHttpAddr: 'http://127.0.0.1:1', consulHttpToken: undefined },
    log: { info: write, warn: write },
    waitMs: 30_000,
    ...overrides,
    lines,
  };
}

/** `host:port` of a source's targets, sorted, one text. */
export const addressesOf = (source: TargetSource): string =>
  source.specs
    .map((spec) => new URL(spec.url).host)
    .sort()
    .join(' ');

/** Waits until a source has exactly these addresses; how many milliseconds that took. */
export async function untilAddresses(source: TargetSource, addresses: string, timeoutMs = 10_000): Promise<number> {
  const begunAtMs = performance.now();
  await until(() => addressesOf(source) === addresses, {
    timeoutMs,
    what: `"${addresses}"`,
  }).catch((error: Error) => {
    throw new Error(`${error.message}; there is "${addressesOf(source)}"`);
  });
  return performance.now() - begunAtMs;
}

/** Closes a source after the test, and gives it back. */
export function closeAfter<T extends { close(): void }>(t: Pick<TestContext, 'after'>, source: T): T {
  t.after(() => source.close());
  return source;
}

/** A scripted Consul that knows of 10.0.0.1:4001, and a source that follows it and has heard of that. */
export async function followScripted(
  t: Pick<TestContext, 'after'>,
  overrides: Partial<DiscoveryDeps> = {},
  options: object = {},
) {
  const consul = await startScriptedConsul(t);
  consul.publish(['10.0.0.1:4001']);
  const deps = discoveryDeps(overrides);
  const settings = { ...deps.settings, consulHttpAddr: consul.url };
  const source = createConsulTargets(consulOption.parse({ consul: 'orders', ...options }), { ...deps, settings });
  closeAfter(t, source);
  await untilAddresses(source, '10.0.0.1:4001');
  return { consul, source, lines: deps.lines };
}
