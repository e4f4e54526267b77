import type { Deps } from '../deps.ts';
import type { Kind, Lease } from '../pool.ts';
import { discoverTargets, discoveryKind } from './discovery/discover.ts';
import { createStaticTargets, type SourceState, type TargetSource } from './discovery/source.ts';
import type { ServiceOptions } from './service-options.ts';
import { reconcileTargets, splitTargetUrl, Target, type TargetSpec } from './target.ts';
import { createTransport, type Transport } from './transport.ts';

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

/** @param names of the service: only editions of one identity share a target. */
export function followTargets(
  { name, identity }: { readonly name: string; readonly identity: string },
  options: ServiceOptions,
  lease: Lease,
  deps: Pick<Deps, 'settings' | 'log' | 'connect'>,
  onChange: () => void,
): TargetList {
  const source = findTargets(options, lease, deps);
  const connect = deps.connect && ((origin: string, real: () => Transport) => deps.connect?.(origin, name, real));
  const keyOf = (url: string): string => JSON.stringify([identity, url, options.tls, options.http2]);
  let targets: readonly Target[] = [];

  function update(specs: readonly TargetSpec[]): void {
    targets = reconcileTargets(
      targets,
      specs,
      (spec) => lease.use(targetKind, keyOf(spec.url), () => createTarget(spec, options, connect)),
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

function createTarget(
  spec: TargetSpec,
  { tls, http2 = false }: ServiceOptions,
  connect: ((origin: string, real: () => Transport) => Transport | undefined) | undefined,
): Target {
  const { origin } = splitTargetUrl(spec.url);
  const real = (): Transport => createTransport(origin, { http2, ...(tls !== undefined && { tls }) });
  return new Target(spec, connect?.(origin, real) ?? real());
}
