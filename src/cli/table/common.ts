import type { OptionSpec } from '../command.ts';

/** Options that several commands have, told in the same words. */
export const ADMIN = {
  type: 'string',
  value: 'URL',
  says: 'the admin port to ask (default: by ADMIN_HOST and ADMIN_PORT)',
} as const satisfies OptionSpec;

export const JSON_ALL = {
  type: 'boolean',
  default: false,
  says: 'all of it, for a program',
} as const satisfies OptionSpec;

export const ROUTES_FILE = {
  type: 'string',
  value: 'FILE',
  says: 'the routes file (default: ROUTES_FILE, or routes.json)',
  takes: 'file',
} as const satisfies OptionSpec;

export const NO_GATEWAY = 'no gateway answers at the admin port';
export const WRONG_TOKEN = 'a setting is wrong, or ADMIN_TOKEN is not the one of the gateway';
