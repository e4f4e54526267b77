/** What MCP names in a message: by `params.name`, or `params.uri`. */
export type Kind = 'tool' | 'prompt' | 'resource' | 'method';

export interface Asked {
  readonly kind: Kind;
  readonly name: string;
}

/** One message of a client that asks for something. */
export interface McpCall {
  readonly method: string;
  /** As it came, undefined for a notification, which nobody answers. */
  readonly id: unknown;
  /** What it names, beside its method. */
  readonly asks: readonly Asked[];
  /** What `Mcp-Name` has to repeat; undefined where it has nothing to. */
  readonly headerName: string | undefined;
}

/** Where a method has what it names, and what that is. */
export interface NamingMethod {
  readonly field: string;
  /** Undefined for what is no business of rules: the ID of a task. */
  readonly kind: Kind | undefined;
}

/** The methods whose name `Mcp-Name` repeats (MCP 2026-07-28, Standard Request Headers), and those of earlier versions. */
export const NAMING_METHODS: ReadonlyMap<string, NamingMethod> = new Map([
  ['tools/call', { field: 'name', kind: 'tool' }],
  ['prompts/get', { field: 'name', kind: 'prompt' }],
  ['resources/read', { field: 'uri', kind: 'resource' }],
  ['resources/subscribe', { field: 'uri', kind: 'resource' }],
  ['resources/unsubscribe', { field: 'uri', kind: 'resource' }],
  ['tasks/get', { field: 'taskId', kind: undefined }],
  ['tasks/update', { field: 'taskId', kind: undefined }],
  ['tasks/cancel', { field: 'taskId', kind: undefined }],
]);

/** Methods that name something where no header has it. */
export const NAMING_IN_BODY: ReadonlySet<string> = new Set(['completion/complete', 'subscriptions/listen']);

/** Methods whose answers are lists of what may be asked for. */
export const LISTING_METHODS: ReadonlySet<string> = new Set([
  'tools/list',
  'prompts/list',
  'resources/list',
  'resources/templates/list',
]);

/** All others that the protocol has, so that another spelling of one is told from a method of an extension. */
const OTHER_METHODS = [
  'initialize',
  'ping',
  'server/discover',
  'logging/setLevel',
  'tasks/list',
  'tasks/result',
  'notifications/initialized',
  'notifications/cancelled',
  'notifications/progress',
  'notifications/roots/list_changed',
];

/** Every method of the protocol that a client sends. */
export const KNOWN_METHODS: ReadonlySet<string> = new Set([
  ...NAMING_METHODS.keys(),
  ...NAMING_IN_BODY,
  ...LISTING_METHODS,
  ...OTHER_METHODS,
]);
