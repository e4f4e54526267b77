import type { CommandSpec } from '../command.ts';
import { ADMIN, JSON_ALL, NO_GATEWAY, ROUTES_FILE, WRONG_TOKEN } from './common.ts';

export const DEV = {
  name: 'dev',
  summary: 'run it with stubs for what is not there, and show requests',
  usage: ['dev [FILE] [--port 3000] [--no-stubs] [options]'],
  about:
    'Runs the gateway on routes.json (or FILE) for one person at one terminal. A stub answers for every service that nobody runs, and gives way when the real one comes. Requests are shown as they come, and why each refused one was. A save is in force at once. The API key and the token that it shows are made for the run alone.',
  options: {
    port: { type: 'string', value: 'N', says: 'the main port (PORT, or 3000); 0 picks a free one' },
    'admin-port': { type: 'string', value: 'N', says: 'the admin port (ADMIN_PORT, or 9901)' },
    host: { type: 'string', value: 'ADDRESS', default: '127.0.0.1', says: 'where both listen' },
    'no-stubs': { type: 'boolean', default: false, says: 'no stub for anybody' },
    latency: { type: 'string', value: '200ms', default: '0ms', says: 'what stubs wait before they answer' },
    fail: { type: 'string', value: '10%', default: '0%', says: 'how many of their answers are 500' },
  },
  words: ['file', []],
  examples: [
    ['dev', 'with stubs for what does not run'],
    ['dev new.json --port 8080 --fail 10%', 'another file, with services that fail'],
  ],
  exits: {
    ok: 'ended by Ctrl-C or SIGTERM',
    failed: 'it could not start',
    config: 'faults in the file or the settings',
  },
} as const satisfies CommandSpec;

export const STATUS = {
  name: 'status',
  summary: 'say on one screen how the running gateway is',
  usage: ['status [--watch] [--json]'],
  about:
    'Says what an operator who is woken must know first: whether it serves, what is wrong by order of weight, services with their targets and circuits, routes with errors, Redis, the last reload, memory. Numbers are of the last minute.',
  options: {
    watch: { type: 'boolean', short: 'w', default: false, says: 'again every 2 s, until Ctrl-C' },
    admin: ADMIN,
    json: JSON_ALL,
  },
  examples: [
    ['status', 'how it is'],
    ['status --watch', 'how it goes on'],
    ["status --json | jq '.notices[].text'", 'what is wrong, for a script'],
  ],
  exits: {
    ok: 'all is well',
    failed:
      'it drains, or something is wrong that an operator should see to: any line that begins with "x" (now) or "!" (soon)',
    unavailable: NO_GATEWAY,
    config: WRONG_TOKEN,
  },
} as const satisfies CommandSpec;

export const RECENT = {
  name: 'recent',
  summary: 'show the last refused and failed requests, and why',
  usage: ['recent [--route NAME] [--code CODE] [--status 503] [--count 10] [options]'],
  about:
    'Shows the last requests that were refused or failed, the last one first, each with what its stages decided. Options take those alone of which all is so. Of a route, a service or a consumer one of each code comes first, and what follows from others (circuit_open, too_many_failures) behind its causes. A name that the gateway does not know is an error.',
  options: {
    route: {
      type: 'string',
      value: 'NAME',
      says: 'of this route (its name, or a prefix: all that have it)',
      takes: 'route',
    },
    code: { type: 'string', value: 'CODE', says: 'with this code (turnpike errors lists them)', takes: 'code' },
    status: { type: 'string', value: 'STATUS', says: 'with this status' },
    consumer: { type: 'string', value: 'NAME', says: 'of this consumer', takes: 'consumer' },
    service: { type: 'string', value: 'NAME', says: 'for this service', takes: 'service' },
    id: { type: 'string', value: 'ID', says: 'the one with this X-Request-ID' },
    count: { type: 'string', value: 'N', default: '10', says: 'how many, up to 1000' },
    admin: ADMIN,
    json: JSON_ALL,
  },
  examples: [
    ['recent', 'the last ten'],
    ['recent --consumer mobile-app', 'why a customer is refused'],
    ['recent --service orders --count 3', 'what came of calls to a service'],
  ],
  exits: {
    ok: 'there are some',
    failed: 'there are none, or the gateway does not know what was asked for',
    unavailable: NO_GATEWAY,
    config: WRONG_TOKEN,
  },
} as const satisfies CommandSpec;

export const ROUTES = {
  name: 'routes',
  summary: 'list the routes: prefix, methods, auth, service, limits',
  usage: ['routes [--file FILE] [options]'],
  about:
    'Lists the routes of the gateway that runs; where none runs, or with --file, those of the routes file. Names, as --route takes them and log and metrics have them, stand before where they are not the prefix.',
  options: { file: ROUTES_FILE, admin: ADMIN, json: JSON_ALL },
  examples: [
    ['routes', 'what is in force'],
    ['routes --file new.json', 'what would be'],
  ],
  exits: {
    ok: 'listed',
    failed: 'the gateway does not say',
    unavailable: 'nobody answers where --admin says',
    config: 'faults in the file, or a setting is wrong',
  },
} as const satisfies CommandSpec;

export const RELOAD = {
  name: 'reload',
  summary: 'have the running gateway read its files again',
  usage: ['reload [--force] [options]'],
  about:
    'Has the running gateway read its routes files again, and tells what is different now. A file with a fault changes nothing.',
  options: {
    force: { type: 'boolean', default: false, says: 'whatever the guard of the file in force says' },
    admin: ADMIN,
    json: JSON_ALL,
  },
  examples: [['reload', 'and what has changed']],
  exits: {
    ok: 'in force, or nothing was different',
    failed: 'the gateway does not do it',
    unavailable: NO_GATEWAY,
    config: 'the file is refused, and the old one stays in force; or ADMIN_TOKEN is wrong',
  },
} as const satisfies CommandSpec;

export const BREAKER = {
  name: 'breaker',
  summary: 'show a circuit, hold it open, close it, or give it back',
  usage: ['breaker', 'breaker NAME', 'breaker NAME open|closed|auto [options]'],
  about:
    'Without a name it lists the circuits. open holds one open: nothing gets through to the service until you say otherwise; closed closes it now; auto gives it back to its own counting. What is held outlives a reload, and ends with the process.',
  options: { admin: ADMIN, json: JSON_ALL },
  words: ['service', ['open', 'closed', 'auto'], []],
  examples: [
    ['breaker', 'all circuits'],
    ['breaker orders open', 'leave a service alone while it is mended'],
    ['breaker orders closed', 'when it is well'],
  ],
  exits: {
    ok: 'shown, or done',
    failed: 'there is no such circuit, or the gateway does not do it',
    unavailable: NO_GATEWAY,
    config: WRONG_TOKEN,
  },
} as const satisfies CommandSpec;

export const PURGE = {
  name: 'purge',
  summary: 'have the running gateway forget what its cache has',
  usage: ['purge --route NAME | --url URL | --pattern PATH | --tag TAG | --all [options]'],
  about:
    'What is stored of a route, of a URL, of all paths that a pattern covers, or with a tag, is not given out any more, by any gateway of the same Redis. One of them a call.',
  options: {
    route: { type: 'string', value: 'NAME', says: 'all of this route', takes: 'route' },
    url: { type: 'string', value: 'URL', says: 'one address, as clients write it: https://HOST/PATH?QUERY' },
    pattern: { type: 'string', value: 'PATH', says: 'paths of clients: /api/users/*' },
    tag: { type: 'string', value: 'TAG', says: 'what its services have marked with it' },
    all: { type: 'boolean', default: false, says: 'everything' },
    admin: ADMIN,
  },
  examples: [
    ['purge --route /api/users', 'what is stored of a route'],
    ["purge --pattern '/api/users/*'", 'quoted, for the shell'],
  ],
  exits: {
    ok: 'done',
    failed: 'no route has a cache, or none has this name',
    unavailable: NO_GATEWAY,
    config: WRONG_TOKEN,
  },
} as const satisfies CommandSpec;

export const LOG_LEVEL = {
  name: 'log-level',
  summary: 'say or change how much the running gateway logs',
  usage: ['log-level [error|warn|info|debug] [--for 10m]'],
  about:
    'Says how much the gateway that runs logs, or changes that without a restart. A reload keeps it, a restart goes back to LOG_LEVEL.',
  options: {
    for: { type: 'string', value: '10m', says: 'for so long (at most 24h), and then what was there before' },
    admin: ADMIN,
    json: JSON_ALL,
  },
  words: [['error', 'warn', 'info', 'debug'], []],
  examples: [
    ['log-level debug --for 10m', 'while one looks'],
    ['log-level', 'what it is'],
  ],
  exits: { ok: 'told, or set', failed: 'the gateway refuses it', unavailable: NO_GATEWAY, config: WRONG_TOKEN },
} as const satisfies CommandSpec;

export const ERRORS_COMMAND = {
  name: 'errors',
  summary: 'say what an error code means, and what to do about it',
  usage: ['errors [CODE]', 'errors [--status 503] [--source client|upstream|gateway] [--json]'],
  about:
    'Lists the codes of problems that the gateway answers; with a code it says what that means, and what a client and an operator can do. It asks nobody.',
  options: {
    status: { type: 'string', value: 'STATUS', says: 'those with this status' },
    source: {
      type: 'string',
      value: 'SOURCE',
      says: 'those that the client, the service (upstream) or the gateway is to blame for',
      takes: ['client', 'upstream', 'gateway'],
    },
    json: JSON_ALL,
  },
  words: ['code', []],
  examples: [
    ['errors circuit_open', 'what it is, and what to do'],
    ['errors --status 503', 'what a 503 may be'],
  ],
  exits: { ok: 'told', failed: 'there is none' },
} as const satisfies CommandSpec;
