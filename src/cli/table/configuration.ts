import type { CommandSpec } from '../command.ts';
import { JSON_ALL } from './common.ts';

export const CHECK = {
  name: 'check',
  summary: 'check the settings and routes.json, and say what is wrong',
  usage: ['check [FILE] [--strict] [--json]'],
  about:
    'Checks the settings and the routes file (default: ROUTES_FILE, or routes.json) with routes.d beside it: faults first, which keep it from being used, then what is most likely not meant, each finding with its id. It asks nobody, but where no FILE is named a gateway that runs here, whether it uses another file. A comment in the file silences one: // turnpike-ignore ID: why',
  options: {
    strict: { type: 'boolean', default: false, says: 'errors and warnings fail too' },
    json: {
      type: 'boolean',
      default: false,
      says: 'one JSON document with all faults, findings, and what is silenced',
    },
  },
  words: ['file', []],
  examples: [
    ['check', 'routes.json and the settings of here'],
    ['check --strict new.json', 'another file, in CI'],
  ],
  exits: { ok: 'it can be used', failed: 'errors or warnings, with --strict', config: 'faults' },
} as const satisfies CommandSpec;

export const DIFF = {
  name: 'diff',
  summary: 'say in words what a file would change',
  usage: ['diff OLD.json NEW.json [--json]'],
  about: 'Says in words what would be different with NEW in place of OLD, as a reload tells it.',
  options: { json: JSON_ALL },
  words: ['file', 'file', []],
  examples: [['diff routes.json new.json', 'what a reload would say']],
  exits: { ok: 'nothing is different', failed: 'something is', config: 'faults in a file' },
} as const satisfies CommandSpec;

export const INIT = {
  name: 'init',
  summary: 'write a routes.json and a .env to begin with',
  usage: ['init [FOLDER] [--from openapi.yaml]', 'init [FOLDER] --from kong.yaml [--strict]'],
  about:
    'Writes a routes.json to begin with, and a .env with every setting commented out. With a folder the routes come into it, and .env points to them. Nothing that is there already is ever written over.',
  options: {
    from: {
      type: 'string',
      value: 'FILE',
      says: 'make the routes of an OpenAPI document (3.0 or 3.1, YAML or JSON): its servers, its paths and methods, its security schemes; or of a declarative file of Kong (_format_version 1.1, 2.1 or 3.0), and say what could not be taken over, and what means something else now',
      takes: 'file',
    },
    strict: {
      type: 'boolean',
      default: false,
      says: "exit code 1 where something of Kong's could not be taken over",
    },
  },
  words: ['folder', []],
  examples: [
    ['init', 'a file with comments that explain it'],
    ['init gateway --from openapi.yaml', 'the routes of an API, in a folder'],
    ['init gateway --from kong.yaml', 'what Kong has done so far'],
  ],
  exits: {
    ok: 'written, or there already',
    failed: 'it could not be written; with --strict also where something could not be taken over',
    config: 'the document has faults, or no routes can be made of it',
  },
} as const satisfies CommandSpec;

export const OPENAPI = {
  name: 'openapi',
  summary: 'print the public OpenAPI document of all routes',
  usage: ['openapi [FILE] [options]'],
  about:
    'Prints one OpenAPI 3.1 document of all routes: what clients may ask for, who may, and which problems may be answered. A route that names a document of its service has what that says, at the paths of clients; of any other its prefix and methods are told.\n\nWhat is left out is told beside it, on standard error.',
  options: {
    yaml: { type: 'boolean', default: false, says: 'YAML in place of JSON' },
    server: { type: 'string', value: 'URL', says: 'where clients find the gateway: https://api.example.com' },
    title: { type: 'string', value: 'TEXT', default: 'API', says: 'title of the document' },
    'api-version': { type: 'string', value: 'TEXT', default: '1', says: 'version of the document' },
    all: { type: 'boolean', default: false, says: 'also routes with ipAllow, pages, and what is marked x-internal' },
  },
  words: ['file', []],
  examples: [['openapi --yaml --server https://api.example.com', 'for a portal']],
  exits: { ok: 'printed', failed: 'nobody took it', config: 'faults in the file' },
} as const satisfies CommandSpec;

export const SCHEMA = {
  name: 'schema',
  summary: 'print the JSON Schema of routes.json, own stages included',
  usage: ['schema [FILE]'],
  about:
    'Prints the JSON Schema of the routes file (default: ROUTES_FILE, or routes.json) with the keys of the own stages that it uses, for the "$schema" of that file.',
  options: {},
  words: ['file', []],
  examples: [['schema > routes.schema.json', 'for an editor']],
  exits: { ok: 'printed', failed: 'nobody took it', config: 'faults in the file' },
} as const satisfies CommandSpec;
