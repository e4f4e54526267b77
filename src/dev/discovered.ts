import type { FileConfig } from '../config/routes.ts';
import { settledWithin } from '../lib/settled-within.ts';
import type { DiscoveryDeps } from '../upstream/discovery/deps.ts';
import { discoverTargets } from '../upstream/discovery/discover.ts';
import type { TargetSource } from '../upstream/discovery/source.ts';

const FIRST_ANSWERS_WITHIN_MS = 1_500;

/** Services whose addresses Consul or DNS should know, and does not. */
export interface Discovered {
  /** Asks for the services of a configuration, and waits a moment for the first answers. */
  ask(config: FileConfig): Promise<void>;
  /** The same with one address for each service that nobody knows: a stub takes its calls. */
  fill(config: FileConfig): FileConfig;
  /** Names of those services, for telling two configurations apart. */
  readonly missing: string;
  close(): void;
}

interface Asked {
  readonly source: TargetSource;
  isReady: boolean;
}

/** @param onChange hears when a service is found, or lost. */
export function followDiscovered(
  settings: DiscoveryDeps['settings'],
  onChange: (service: string, isFound: boolean) => void,
): Discovered {
  const asked = new Map<string, Asked>();
  const quiet = { info: () => undefined, warn: () => undefined } as unknown as DiscoveryDeps['log'];
  let missing = '';

  function look(name: string, discover: NonNullable<FileConfig['services'][string]['discover']>): Asked {
    const key = `${name} ${JSON.stringify(discover)}`;
    const known = asked.get(key);
    if (known !== undefined) return known;
    const one: Asked = { source: discoverTargets(discover, { settings, log: quiet }), isReady: false };
    asked.set(key, one);
    let wasFound = true;
    const note = (): void => {
      const isFound = one.source.specs.length > 0;
      if (isFound !== wasFound) onChange(name, isFound);
      wasFound = isFound;
    };
    one.source.subscribe(note);
    void one.source.ready.then(() => {
      one.isReady = true;
      note();
    });
    return one;
  }

  return {
    async ask({ services }) {
      const all = Object.entries(services).flatMap(([name, { discover }]) => (discover ? [look(name, discover)] : []));
      await settledWithin(Promise.all(all.map(({ source }) => source.ready)), FIRST_ANSWERS_WITHIN_MS);
      for (const one of all) one.isReady = true;
    },
    fill(config) {
      const names: string[] = [];
      const services = Object.entries(config.services).map(([name, service]) => {
        if (service.discover === undefined) return [name, service];
        const { source, isReady } = look(name, service.discover);
        if (!isReady || source.specs.length > 0) return [name, service];
        names.push(name);
        const { discover: _, ...rest } = service;
        return [name, { ...rest, targets: [{ url: addressOf(name), weight: 1 }] }];
      });
      missing = names.join(' ');
      return { ...config, services: Object.fromEntries(services) as FileConfig['services'] };
    },
    get missing() {
      return missing;
    },
    close() {
      for (const { source } of asked.values()) source.close();
    },
  };
}

/** An address that nobody can have (RFC 6761, section 6.4). */
function addressOf(service: string): string {
  return `http://${service.toLowerCase().replace(/[^a-z0-9-]/g, '-')}.invalid`;
}
