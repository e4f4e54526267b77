import { isObject, own } from '../../lib/json-object.ts';
import { targetUrl } from '../../upstream/target.ts';

/** Where the operations of a document are served. */
export interface ServerPlan {
  /** The address of a target, good for routes.json. */
  readonly target: string;
  /** What somebody must look at before it is used. */
  readonly notes: readonly string[];
}

const PLACEHOLDER = 'http://localhost:4001';

/**
 * The first of the servers, since the others are mostly the same service in another place (staging, a sandbox). One
 * that names no host gets that of a service on this machine.
 */
export function planServer(servers: readonly unknown[]): ServerPlan {
  const [first, ...others] = servers.flatMap((server) => urlsOf(server));
  if (first === undefined) return { target: PLACEHOLDER, notes: ['The document names no server: say where it is.'] };
  const notes =
    others.length === 0 ? [] : [`The document names other servers too: ${others.map(({ url }) => url).join(', ')}`];
  if (first.isFilled) notes.push(`Its address has variables, here with their defaults: ${first.written}`);
  const absolute = targetOf(first.url);
  if (absolute !== undefined) return { target: absolute, notes };
  notes.push(`The document says "${first.written}", which names no host: say where it is.`);
  const path = /^[a-z][a-z0-9+.-]*:|^\/\//i.test(first.url) ? '' : first.url.replace(/^\.?\/*/, '/');
  return { target: targetOf(PLACEHOLDER + path) ?? PLACEHOLDER, notes };
}

interface WrittenUrl {
  readonly written: string;
  /** With the defaults of its variables. */
  readonly url: string;
  readonly isFilled: boolean;
}

function urlsOf(server: unknown): WrittenUrl[] {
  if (!isObject(server)) return [];
  const written = own(server, 'url');
  if (typeof written !== 'string' || written === '') return [];
  const variables = own(server, 'variables');
  const url = written.replace(/\{([^{}]*)\}/g, (_, name: string) => {
    const variable = isObject(variables) ? own(variables, name) : undefined;
    const value = isObject(variable) ? own(variable, 'default') : undefined;
    return typeof value === 'string' || typeof value === 'number' ? String(value) : name;
  });
  return [{ written, url, isFilled: url !== written }];
}

/** The address as a target; undefined where it can be none. */
function targetOf(url: string): string | undefined {
  const parsed = targetUrl.safeParse(url);
  return parsed.success ? parsed.data : undefined;
}
