import type { CommandSpec } from '../command.ts';
import { ADMIN, JSON_ALL, NO_GATEWAY, ROUTES_FILE } from './common.ts';

export const EXPLAIN = {
  name: 'explain',
  summary: 'say what would become of a request, and why',
  usage: ["explain [METHOD] URL [-H 'Name: value'] [-d BODY] [options]", 'explain [options] -- curl ...'],
  about:
    'Says what would become of a request, and why: the route and why others lost, what each stage decides, the token claim by claim, the limits, the target, and what the service would get. Nothing is counted or stored, and no service is asked but with --ask.\n\nIt asks the running gateway (ADMIN_PORT, ADMIN_TOKEN); where none runs, or with --file, it reads the routes file itself, and every limit and circuit is new.',
  options: {
    header: { type: 'string', short: 'H', multiple: true, value: 'FIELD', says: 'a field, again for each' },
    data: { type: 'string', short: 'd', value: 'BODY', says: 'the body; the method is POST then' },
    address: { type: 'string', value: 'IP', says: 'the other end of the connection (default: 127.0.0.1)' },
    ask: { type: 'boolean', default: false, says: 'ask auth services and introspection about the caller' },
    file: { type: 'string', value: 'FILE', says: 'explain this routes file, whatever runs', takes: 'file' },
    admin: ADMIN,
    json: JSON_ALL,
  },
  words: [['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'], []],
  examples: [
    ["explain GET /api/users/7 -H 'X-API-Key: tk_...'", 'who may do what, and where it goes'],
    ['explain --file new.json -- curl -s localhost:3000/api/users', 'a curl as it was typed, with another file'],
  ],
  exits: {
    ok: 'it passes',
    refusedClient: 'it is refused with a 4xx',
    refusedServer: 'it is refused with a 5xx',
    failed: "it can't be told without --ask, or the gateway does not say",
    unavailable: 'nobody could be asked',
    config: 'faults in the file, or a setting is wrong',
  },
} as const satisfies CommandSpec;

export const TEST = {
  name: 'test',
  summary: 'try requests against routes.json, without a network',
  usage: [
    'test [cases.json ...] [--file routes.json] [options]',
    'test --record cases.json [--file routes.json] [--admin URL]',
  ],
  about:
    'Sends the requests of case files (default: cases.json) through the gateway that the routes file would start, within this process: services are stubs, callers have throw-away credentials, and the clock moves as the cases say. No connection is opened, and Redis is not used. docs/testing.md has what a case file says.',
  options: {
    file: ROUTES_FILE,
    json: { type: 'boolean', default: false, says: 'all results, for a program' },
    junit: { type: 'string', value: 'FILE', says: 'writes a report for CI there as well', takes: 'file' },
    schema: { type: 'boolean', default: false, says: 'prints the JSON Schema of case files, for editors' },
    record: {
      type: 'string',
      value: 'FILE',
      says: 'writes a case file of the last requests that the running gateway has refused, of those that this routes file refuses too',
      takes: 'file',
    },
    admin: ADMIN,
  },
  words: ['file'],
  examples: [
    ['test', 'cases.json, against routes.json'],
    ['test cases/*.json --junit report.xml', 'in CI'],
    ['test --record cases.json', 'begin with what was refused today'],
  ],
  exits: {
    ok: 'all as expected',
    failed: 'a case failed, or nothing was there to record',
    unavailable: NO_GATEWAY,
    config: 'faults in a file, or a setting is wrong',
  },
} as const satisfies CommandSpec;

export const WHAT_IF = {
  name: 'what-if',
  summary: 'say what a file would change for the last requests',
  usage: ['what-if NEW.json [--max-refused 1%] [options]'],
  about:
    'Says what NEW.json would change in the place of routes.json for the last requests of the gateway that runs: who would be refused, who let in, what would go elsewhere, and what nobody can tell. Nothing is sent, counted or logged.',
  options: {
    'max-refused': {
      type: 'string',
      value: 'P',
      default: '1%',
      says: 'of what passes, how much may be refused newly',
    },
    admin: ADMIN,
    json: JSON_ALL,
  },
  words: ['file', []],
  examples: [['what-if new.json --max-refused 0.1%', 'before a file is taken']],
  exits: {
    ok: 'fine',
    failed: 'more would be refused',
    unavailable: NO_GATEWAY,
    config: 'faults in the file, or a setting is wrong',
  },
} as const satisfies CommandSpec;
