/** Which paths of a service are which ones of the gateway. */
export interface PathMap {
  /** What the service's paths begin with where the gateway's begin with `publicPrefix`. */
  readonly servicePrefix: string;
  readonly publicPrefix: string;
  /** Where the gateway is mounted: it stands before all of the gateway's paths. Default none. */
  readonly mount?: string;
}

/** The gateway's path, with its query and fragment, for one of the service's. */
export function publicPath(path: string, map: PathMap): string {
  const own = ownPath(path, map);
  return map.mount === undefined || map.mount === '' ? own : joinPrefix(map.mount, own);
}

function ownPath(path: string, { servicePrefix, publicPrefix }: PathMap): string {
  if (servicePrefix === publicPrefix) return path;
  if (servicePrefix === '') return joinPrefix(publicPrefix, path);
  if (path === servicePrefix) return publicPrefix === '' ? '/' : publicPrefix;
  const next = path.charAt(servicePrefix.length);
  if (!path.startsWith(servicePrefix) || !(next === '/' || next === '?' || next === '#')) return path;
  return joinPrefix(publicPrefix, path.slice(servicePrefix.length));
}

function joinPrefix(prefix: string, rest: string): string {
  const base = prefix.endsWith('/') ? prefix.slice(0, -1) : prefix;
  return rest === '/' && base !== '' ? base : base + rest;
}
