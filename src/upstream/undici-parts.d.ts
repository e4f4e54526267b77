/** The parts of undici that the transport uses, without the rest of it: fetch, caches, mocks (undici 8.12). */
declare module 'undici/lib/dispatcher/pool.js' {
  import type { Pool } from 'undici';

  const PoolClass: typeof Pool;
  export = PoolClass;
}
declare module 'undici/lib/core/connect.js' {
  import type { buildConnector } from 'undici';

  const build: typeof buildConnector;
  export = build;
}
declare module 'undici/lib/core/errors.js' {
  import type { errors } from 'undici';

  const all: typeof errors;
  export = all;
}
declare module 'undici/lib/core/symbols.js' {
  const all: { readonly kSocket: symbol; readonly kParser: symbol };
  export = all;
}
