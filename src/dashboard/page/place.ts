/** Where in the page somebody is: what stands behind the `#` of its address. */
export interface Place {
  /** `routes`; empty for the overview. */
  readonly page: string;
  /** The one route or service that is looked at. */
  readonly name: string | undefined;
  readonly query: Readonly<Record<string, string>>;
}

/** Reads `#/routes/%2Fapi%2Fusers?sort=p99`. What makes no sense is the overview. */
export function readPlace(hash: string): Place {
  const [path = '', search = ''] = hash.replace(/^#\/?/, '').split('?', 2);
  const at = path.indexOf('/');
  const page = at < 0 ? path : path.slice(0, at);
  const name = at < 0 ? undefined : decode(path.slice(at + 1));
  return { page, name, query: Object.fromEntries(new URLSearchParams(search)) };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The address of a place: `linkTo('routes', '/api/users')`. */
export function linkTo(page: string, name?: string, query: Readonly<Record<string, string | undefined>> = {}): string {
  const said = Object.entries(query).filter((entry): entry is [string, string] => Boolean(entry[1]));
  const search = new URLSearchParams(said).toString();
  const path = name === undefined ? page : `${page}/${encodeURIComponent(name)}`;
  return `#/${path}${search === '' ? '' : `?${search}`}`;
}

/** The address of `requests?service=orders&code=headers_timeout`. */
export function linkOfEvidence(evidence: string | null | undefined): string | undefined {
  if (evidence === null || evidence === undefined || evidence === '') return undefined;
  const { page, name, query } = readPlace(evidence);
  return linkTo(page, name, query);
}

const PAGE_OF: Readonly<Record<string, string>> = { service: 'services', breaker: 'services', route: 'routes' };

/** The address of what a notice speaks of: `service/orders`, `route//api/users`, `consumer/mobile-app`, `reloads`. */
export function linkOfNotice(link: string | null | undefined): string | undefined {
  if (link === null || link === undefined || link === '') return undefined;
  const at = link.indexOf('/');
  const [kind, name] = at < 0 ? [link, undefined] : [link.slice(0, at), link.slice(at + 1)];
  if (kind === 'consumer') return linkTo('requests', undefined, { consumer: name });
  return linkTo(PAGE_OF[kind] ?? kind, name === '' ? undefined : name);
}
