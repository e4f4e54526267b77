import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ofKong } from '../../../support/kong.ts';
import { createRandom } from '../../../support/random.ts';
import { asked, tableOf } from '../../../support/routes.ts';

interface Route {
  readonly name: string;
  readonly path: string | undefined;
  readonly isRegex: boolean;
  readonly hosts: readonly string[] | undefined;
  readonly methods: readonly string[] | undefined;
  readonly field: string | undefined;
  readonly priority: number;
}

interface Asked {
  readonly path: string;
  readonly host: string;
  readonly method: string;
  readonly field: string | undefined;
}

const PATHS = [undefined, '/', '/a', '/a/b', '/a/b/c', '/b', '/b/a'];
const REGEXES = ['/a/\\w+', '/a/b', '/b/[ab]/?', '/\\w+/b'];
const HOSTS = [undefined, undefined, ['x.example'], ['*.example'], ['y.example', 'x.example']];
const METHODS = [undefined, undefined, ['GET'], ['POST'], ['GET', 'PUT']];
const REQUEST_PATHS = ['/', '/a', '/a/b', '/a/b/c', '/a/b/c/d', '/b', '/b/a', '/b/b/c', '/c', '/a/c'];

/** Which route Kong asks, as its documentation says: most kinds of conditions, plain hosts, fields, expressions, length. */
function kongAsks(routes: readonly Route[], request: Asked): string | undefined {
  const bits = ({ path, hosts, methods, field }: Route): number[] =>
    [
      [hosts, 0x40],
      [field, 0x20],
      [path, 0x10],
      [methods, 0x08],
    ].flatMap(([condition, bit]) => (condition === undefined ? [] : [bit as number]));
  const sum = (list: readonly number[]): number => list.reduce((total, each) => total + each, 0);
  const ranks = (route: Route): number[] => [
    bits(route).length,
    sum(bits(route)),
    Number(route.hosts?.every((host) => !host.startsWith('*')) === true),
    Number(route.isRegex),
    route.isRegex ? route.priority : 0,
    route.path?.length ?? 0,
  ];
  const fitting = routes.filter((route) => fits(route, request));
  fitting.sort((a, b) => {
    const [ofA, ofB] = [ranks(a), ranks(b)];
    return ofA.map((rank, at) => (ofB[at] ?? 0) - rank).find((each) => each !== 0) ?? 0;
  });
  return fitting[0]?.name;
}

function fits({ path, isRegex, hosts, methods, field }: Route, request: Asked): boolean {
  const isAt =
    path === undefined || (isRegex ? new RegExp(`^(?:${path})`).test(request.path) : covers(path, request.path));
  const isHost =
    hosts === undefined ||
    hosts.some((host) => host === request.host || (host.startsWith('*') && request.host.endsWith(host.slice(1))));
  return (
    isAt && isHost && methods?.includes(request.method) !== false && (field === undefined || field === request.field)
  );
}

/** Kong takes `/ab` for `/a` too, which is told, and not asked for here. */
const covers = (prefix: string, path: string): boolean =>
  prefix === '/' || path === prefix || path.startsWith(`${prefix}/`);

const REQUESTS: readonly Asked[] = REQUEST_PATHS.flatMap((path) =>
  ['x.example', 'y.example', 'z.test'].flatMap((host) =>
    ['GET', 'POST', 'PUT'].flatMap((method) => [undefined, '1'].map((field) => ({ path, host, method, field }))),
  ),
);

function createRoutes(random: () => number): Route[] {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  return Array.from({ length: 2 + Math.floor(random() * 5) }, (_, at): Route => {
    const isRegex = random() < 0.25;
    const [path, hosts, methods] = [isRegex ? pick(REGEXES) : pick(PATHS), pick(HOSTS), pick(METHODS)];
    const field = random() < 0.2 ? '1' : undefined;
    // Kong wants one condition at least.
    const hasNone = [path, hosts, methods, field].every((each) => each === undefined);
    const priority = Math.floor(random() * 3);
    return { name: `route${at}`, isRegex, path: hasNone ? '/' : path, hosts, methods, field, priority };
  });
}

test('the route that Kong asks is asked here, or the report says that another one is', async () => {
  const random = createRandom(20_260_131);
  let told = 0;
  for (let round = 0; round < 400; round++) {
    const routes = createRoutes(random);
    const made = await ofKong(JSON.stringify(fileOf(routes)));
    const table = tableOf(...made.file.routes.map(matchOf));
    for (const request of REQUESTS) {
      const { path, host, method, field } = request;
      const found = table.find(asked(path, { host, method, headers: field === undefined ? {} : { 'x-f': field } }));
      const got = found.found ? found.route.replace(/(?:-at-\d+)+$/, '') : undefined;
      const expected = kongAsks(routes, request);
      if (got === expected) continue;
      told += 1;
      const isTold = [got, expected].some((name) => new RegExp(`route ${name}.*other way round`).test(made.notes));
      assert.ok(isTold, `${JSON.stringify(request)}: Kong asks ${expected}, here it is ${got}\n${made.text}`);
    }
  }
  assert.ok(told < (400 * REQUESTS.length) / 1_000, `${told} differ`);
});

function fileOf(routes: readonly Route[]): object {
  return {
    _format_version: '3.0',
    services: [
      {
        name: 's',
        url: 'http://localhost:4001',
        routes: routes.map(({ name, path, isRegex, hosts, methods, field, priority }) => ({
          name,
          ...(path !== undefined && { paths: [isRegex ? `~${path}` : path] }),
          ...(hosts && { hosts }),
          ...(methods && { methods }),
          ...(field && { headers: { 'x-f': [field] } }),
          regex_priority: priority,
        })),
      },
    ],
  };
}

type Match = Parameters<typeof tableOf>[number];

// biome-ignore lint/suspicious/noExplicitAny: a row of a file that is read back
function matchOf({ name, prefix, exact, hosts, methods, headers, pathRegex }: any): Match {
  return Object.fromEntries(
    Object.entries({ name, prefix, exact, hosts, methods, headers, pathRegex }).filter(
      ([, value]) => value !== undefined,
    ),
  ) as Match;
}
