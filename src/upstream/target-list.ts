import type { Deps } from '../deps.ts';
import type { Kind, Lease } from '../pool.ts';
import { discoverTargets, discoveryKind } from './discovery/discover.ts';
import { createStaticTargets, type SourceState, type TargetSource } from './discovery/source.ts';
import type { ServiceOptions } from './service-options.ts';
import { reconcileTargets, splitTargetUrl, Target, type TargetSpec } from './target.ts';
import { createTransport } from './transport.ts';

/** The targets of one edition of a service, as the file or discovery names them. */
export interface TargetList {
  readonly targets: readonly Target[];
  /** As first named, for what depends on whether weights differ. */
  readonly specs: readonly TargetSpec[];
  readonly state: SourceState;
  /** Gives the targets the weights of this list: editions of one service share them. */
  applyWeights(): void;
  close(): void;
}

/** A target and its connections outlive a change of the service around it. */
const targetKind: Kind<Target> = { name: 'target', close: (target) => target.transport.close() };

/** @param identity of the service: only its own editions share a target. */
export function followTargets(
  identity: string,
  options: ServiceOptions,
  lease: Lease,
  deps: Pick<Deps, 'settings' | 'log'>,
  onChange: () => void,
): TargetList {
  const source = findTargets(options, lease, deps);
  const keyOf = (url: string): string => JSON.stringify([identity, url, options.tls, options.http2]);
  let targets: readonly Target[] = [];

  function update(specs: readonly TargetSpec[]): void {
    targets = reconcileTargets(
      targets,
      specs,
      (spec) => lease.use(targetKind, keyOf(spec.url), () => createTarget(spec, options)),
      (target) => lease.drop(targetKind, keyOf(target.url)),
    );
  }
  update(source.specs);
  const unsubscribe = source.subscribe((specs) => {
    update(specs);
    onChange();
  });

  return {
    get targets() {
      return targets;
    },
    specs: source.specs,
    get state() {
      return source.state;
    },
    applyWeights() {
      const weights = new Map(source.specs.map(({ url, weight }) => [url, weight]));
      for (const target of targets) target.weight = weights.get(target.url) ?? target.weight;
    },
    close: unsubscribe,
  };
}

function findTargets(
  { discover, targets }: ServiceOptions,
  lease: Lease,
  deps: Pick<Deps, 'settings' | 'log'>,
): TargetSource {
  if (discover === undefined) return createStaticTargets(targets ?? []);
  return lease.use(discoveryKind, JSON.stringify(discover), () => discoverTargets(discover, deps));
}

function createTarget(spec: TargetSpec, { tls, http2 = false }: ServiceOptions): Target {
  const { origin } = splitTargetUrl(spec.url);
  return new Target(spec, createTransport(origin, { http2, ...(tls !== undefined && { tls }) }));
}
