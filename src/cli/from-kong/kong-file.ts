import { Entity } from './entity.ts';
import type { Notes } from './notes.ts';
import { KongFault, type LocatedMap } from './read-kong.ts';

const VERSIONS = ['1.1', '2.1', '3.0'];

/** A plugin of Kong's, and what it is for. */
export interface PluginUse {
  readonly name: string;
  readonly line: number;
  readonly config: Entity;
  readonly scope: 'global' | 'service' | 'route';
}

export interface KongService {
  readonly entity: Entity;
  readonly name: string;
  readonly plugins: readonly PluginUse[];
}

export interface KongRoute {
  readonly entity: Entity;
  readonly name: string | undefined;
  readonly service: KongService | undefined;
  readonly plugins: readonly PluginUse[];
}

export interface KongConsumer {
  readonly entity: Entity;
  readonly name: string;
  readonly plugins: readonly PluginUse[];
}

/** A declarative file, its nested and its flat form brought together. */
export interface KongFile {
  readonly version: string;
  readonly services: readonly KongService[];
  readonly routes: readonly KongRoute[];
  readonly consumers: readonly KongConsumer[];
  readonly upstreams: ReadonlyMap<string, Entity>;
  /** Targets that stand beside the upstreams, by the name of theirs. */
  readonly targets: ReadonlyMap<string, readonly Entity[]>;
  readonly globalPlugins: readonly PluginUse[];
  readonly root: Entity;
}

/** Sorts out who belongs to whom. Throws `KongFault` for what is no such file, and for names that nobody has. */
export function gatherKong(located: LocatedMap, notes: Notes): KongFile {
  const root = new Entity(located);
  const version = root.text('_format_version');
  if (version === undefined || !VERSIONS.includes(version)) {
    const found = version === undefined ? 'is missing' : `"${version}" is not known here`;
    throw new KongFault(root.lineOf('_format_version'), `"_format_version" ${found} (${VERSIONS.join(', ')})`);
  }
  root.ignore('_transform', '_info', '_workspace', '_konnect', '_plugin_configs');
  const flat = root.children('plugins').map((entity) => describePlugin(entity, notes));
  checkReferences(root, flat);
  const services = root.children('services').map((entity, at) => readService(entity, at, flat, notes));
  const routes = [
    ...services.flatMap((service) =>
      service.entity.children('routes').map((entity) => readRoute(entity, service, flat, notes)),
    ),
    ...root.children('routes').map((entity) => readRoute(entity, findService(entity, services), flat, notes)),
  ];
  const consumers = root.children('consumers').map((entity) => readConsumer(entity, flat, notes));
  const targets = Map.groupBy(root.children('targets'), (target) => target.reference('upstream') ?? '');
  return {
    version,
    services,
    routes,
    consumers,
    upstreams: new Map(root.children('upstreams').map((entity) => [entity.text('name') ?? '', entity])),
    targets,
    globalPlugins: flat.filter(isGlobal).flatMap(({ use }) => use ?? []),
    root,
  };
}

/** A plugin for nobody would be one that guards nothing: the name is a slip. */
function checkReferences(root: Entity, flat: readonly FlatPlugin[]): void {
  const services = root.children('services');
  const known = {
    service: namesOf(services),
    route: namesOf([...root.children('routes'), ...services.flatMap((service) => service.children('routes'))]),
    consumer: namesOf(root.children('consumers')),
  };
  for (const plugin of flat)
    for (const key of ['service', 'route', 'consumer'] as const) {
      const name = plugin[key];
      if (name !== undefined && !known[key].has(name))
        throw new KongFault(plugin.line, `there is no ${key} "${name}", which this plugin is for`);
    }
}

function namesOf(entities: readonly Entity[]): ReadonlySet<string | undefined> {
  return new Set(entities.flatMap((one) => ['name', 'username', 'custom_id', 'id'].map((key) => one.text(key))));
}

interface FlatPlugin {
  readonly line: number;
  readonly use: PluginUse | undefined;
  readonly service: string | undefined;
  readonly route: string | undefined;
  readonly consumer: string | undefined;
}

const isGlobal = ({ service, route, consumer }: FlatPlugin): boolean =>
  service === undefined && route === undefined && consumer === undefined;

/** @param scope of one that stands inside of what it is for; else it says so itself. */
function describePlugin(entity: Entity, notes: Notes, inside?: PluginUse['scope']): FlatPlugin {
  const [service, route, consumer] = ['service', 'route', 'consumer'].map((key) => entity.reference(key));
  const name = entity.text('name') ?? '';
  const isOff = entity.flag('enabled') === false;
  if (isOff) notes.told(entity.line, `plugin ${name} is switched off there, and left out`);
  const isForGroup = entity.has('consumer_group');
  for (const key of ['consumer_group', 'ordering', 'condition', 'partials'])
    if (entity.has(key)) notes.lost(entity.lineOf(key), `"${key}" of plugin ${name}: there is nothing like it here`);
  const config = entity.child('config') ?? new Entity({ kind: 'map', line: entity.line, members: new Map() });
  entity.ignore('protocols', 'run_on');
  const scope = inside ?? (route === undefined ? (service === undefined ? 'global' : 'service') : 'route');
  const use = isOff || isForGroup ? undefined : { name, line: entity.line, config, scope };
  return { line: entity.line, use, service, route, consumer };
}

/** Those inside of a thing, and those elsewhere that name it. One for a consumer on a single route has no like here. */
function pluginsOf(
  entity: Entity,
  flat: readonly FlatPlugin[],
  key: 'service' | 'route' | 'consumer',
  notes: Notes,
): readonly PluginUse[] {
  const names = [...namesOf([entity])].filter((name) => name !== undefined);
  const scope = key === 'consumer' ? 'global' : key;
  const inside = entity.children('plugins').map((each) => describePlugin(each, notes, scope));
  const elsewhere = flat.filter((each) => each[key] !== undefined && names.includes(each[key]));
  return [...inside, ...elsewhere].flatMap((each) => {
    const others = (['service', 'route', 'consumer'] as const).filter((other) => other !== key && each[other]);
    if (each.use === undefined) return [];
    if (others.length === 0) return [each.use];
    // A route is enough to say which one is meant; its service adds nothing.
    if (key === 'route' && !others.includes('consumer')) return [each.use];
    if (key === 'consumer' || others.includes('consumer'))
      notes.lost(each.use.line, `plugin ${each.use.name}, which is for one consumer on one route or service alone`);
    return [];
  });
}

function readService(entity: Entity, at: number, flat: readonly FlatPlugin[], notes: Notes): KongService {
  const name = entity.text('name') ?? entity.text('id') ?? `service-${at + 1}`;
  return { entity, name, plugins: pluginsOf(entity, flat, 'service', notes) };
}

function readRoute(
  entity: Entity,
  service: KongService | undefined,
  flat: readonly FlatPlugin[],
  notes: Notes,
): KongRoute {
  return { entity, name: entity.text('name'), service, plugins: pluginsOf(entity, flat, 'route', notes) };
}

function readConsumer(entity: Entity, flat: readonly FlatPlugin[], notes: Notes): KongConsumer {
  const name = entity.text('username') ?? entity.text('custom_id') ?? entity.text('id');
  if (name === undefined) throw new KongFault(entity.line, 'a consumer needs "username" or "custom_id"');
  return { entity, name, plugins: pluginsOf(entity, flat, 'consumer', notes) };
}

function findService(route: Entity, services: readonly KongService[]): KongService | undefined {
  const name = route.reference('service');
  if (name === undefined) return undefined;
  const found = services.find((service) => service.name === name || service.entity.text('id') === name);
  if (found === undefined) throw new KongFault(route.lineOf('service'), `there is no service "${name}"`);
  return found;
}
