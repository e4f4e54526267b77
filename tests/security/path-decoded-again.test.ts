import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { z } from 'zod';
import { GatewayError } from '../../src/errors.ts';
import { forwardablePath } from '../../src/routing/forwardable.ts';
import { normalizeTarget } from '../../src/routing/normalize.ts';
import { createPathRewriter, rewriteKeys } from '../../src/routing/rewrite.ts';
import { encodedPaths, endings } from '../support/encoded-paths.ts';
import { asked, type RouteRow, tableOf } from '../support/routes.ts';

/**
 * The attack: a path that is harmless as it is matched, and turns into another one in a service that decodes it once
 * more, or twice, three or four times: `/pub/..%252fadmin`.
 *
 * The oracle is such a service in many variants, written without a line of the gateway's own code.
 */
interface Row {
  readonly prefix: string;
  readonly match?: Omit<RouteRow, 'prefix'>;
  readonly rewrite?: z.input<typeof rewriteSchema>;
  /** What the service's path must stay below, as segments; `*` is any one. Undefined: the prefix was taken off. */
  readonly base?: readonly string[];
}

const rewriteSchema = z.strictObject(rewriteKeys);

const ROWS: readonly Row[] = [
  { prefix: '/', rewrite: { stripPrefix: false } },
  { prefix: '/pub' },
  { prefix: '/pub/admin' },
  { prefix: '/keep', rewrite: { stripPrefix: false }, base: ['keep'] },
  { prefix: '/keep/admin', rewrite: { stripPrefix: false }, base: ['keep', 'admin'] },
  { prefix: '/exact', match: { exact: true }, rewrite: { stripPrefix: false }, base: ['exact'] },
  { prefix: '/v/:id' },
  { prefix: '/v/:id/admin', rewrite: { stripPrefix: false }, base: ['v', '*', 'admin'] },
  { prefix: '/t/:id', rewrite: { rewritePrefix: '/tenants/:id/api' }, base: ['tenants', '*', 'api'] },
  { prefix: '/up', rewrite: { rewritePrefix: '/inner/up' }, base: ['inner', 'up'] },
  { prefix: '/rules', rewrite: { pathRewrite: { '^/pub': '/inner/pub', x: '' } } },
  { prefix: '/raw', match: { path: 'raw' } },
  { prefix: '/raw/admin', match: { path: 'raw' } },
  { prefix: '/rawkeep/:id', match: { path: 'raw' }, rewrite: { stripPrefix: false }, base: ['rawkeep', '*'] },
];

const table = tableOf(...ROWS.map(({ prefix, match }) => ({ prefix, ...match })));
const rewriters = new Map(
  ROWS.map(({ prefix, rewrite = {} }) => [prefix, createPathRewriter(rewriteSchema.parse(rewrite))]),
);

interface Passed {
  readonly row: Row;
  readonly sent: string;
  readonly covered: string;
}

/** What the gateway sends for a target; undefined when it refuses. */
function pass(url: string): Passed | undefined {
  try {
    const target = normalizeTarget(url);
    const request = asked(target.path);
    const match = table.find(request);
    const row = match.found ? ROWS.find(({ prefix }) => prefix === match.prefix) : undefined;
    if (!match.found || row === undefined) return undefined;
    const path = forwardablePath(target, row.match?.path ?? 'normalized', match, request, table);
    const sent = rewriters.get(row.prefix)?.(path, match.prefixLength, match.params) ?? '';
    return { row, sent, covered: target.path.slice(0, match.prefixLength) };
  } catch (error) {
    assert.ok(error instanceof GatewayError && error.code === 'bad_path', `${url}: ${error}`);
    return undefined;
  }
}

const segmentsOf = (path: string) => path.split('/').filter((segment) => segment !== '');
const fits = (pattern: readonly string[], segments: readonly string[]) =>
  pattern.every((one, index) =>
    one === '*' || one.startsWith(':') ? index < segments.length : one === segments[index],
  );

const LONGEST_FIRST = ROWS.map((row) => ({ row, pattern: segmentsOf(row.prefix) })).sort(
  (a, b) => b.pattern.length - a.pattern.length,
);

/** The row that takes a path, by the longest prefix that fits. */
function rowOf(path: string): Row | undefined {
  const segments = segmentsOf(path);
  return LONGEST_FIRST.find(
    ({ row, pattern }) => fits(pattern, segments) && (row.match?.exact !== true || pattern.length === segments.length),
  )?.row;
}

/** How a service may leave what it was given; undefined when no variant does. */
function findLeak(passed: Passed): string | undefined {
  for (const path of endings(passed.sent)) {
    if (path === undefined) return 'climbs above the root';
    if (!isInPlace(path, passed)) return `ends at ${path}`;
  }
  return undefined;
}

function isInPlace(path: string, { row, covered }: Passed): boolean {
  const { base, rewrite = {} } = row;
  const segments = segmentsOf(path);
  if (base !== undefined && !fits(base, segments)) return false;
  // Rules of `pathRewrite` have no inverse: what they made must not climb, and that is all.
  if (rewrite.pathRewrite !== undefined) return true;
  if (rewrite.stripPrefix === false) return rowOf(path) === row;
  return rowOf(`${covered}/${segments.slice(base?.length ?? 0).join('/')}`) === row;
}

const STARTS = [
  '/pub',
  '/keep',
  '/exact',
  '/v/a',
  '/t/a',
  '/up',
  '/rules',
  '/raw',
  '/rawkeep/a',
  '/v/',
  '/t/',
  '/rawkeep/',
  '/',
];

const LEAVING = `
  /pub/..%252fadmin /pub/..%25252fadmin /pub/..%2525252fadmin /pub/%252e%252e/admin /pub/a%2f..%2f..
  /pub/%252e%252e%252fadmin /pub/.%252e/x /pub/%252e%252e;/x /pub/..%255cadmin /pub/%25%32%65%2e/x
  /pub/admin%252f /pub/%2561dmin /pub%2fadmin /pub/x%2f..%2fadmin /keep/..%2fpub /exact%2f /v/a%2fadmin
  /v/..%2fx /t/a%2fb/x /t/a%252fb /t/%252e%252e/x /t/;x/y /up/..%2fz /rules/pub%2f..%2fz /raw/..%2fadmin
  /raw/..%252fadmin /raw/%252e%252e/x /raw/x%252f%252e%252e%252fadmin /rawkeep/a%2f..%2fb
  /pub/admin%3fx /pub/admin%23x /pub/admin%253fx /pub/adm%69n%3Fx /pub/x%2f..%2fadmin%3fx /keep/admin%3f /v/a/admin%23
  /pub/..%3fx /pub/a%2f..%2f..%23 /v/a%3f/admin /t/%3fa/x /t/a%23b/x /rawkeep/%23a /raw/admin%3fx /up/a/..%252f..%253f /rules/..%3f
  /keep/%2561dmin%25253f
  /pub/x%252fy/%252e%252e/%25252e%25252e/z /pub/a/%252e%252e;%2fx/..%2fz /pub/%25%32%65%25%32%65/x
`
  .trim()
  .split(/\s+/);

const STAYING = `
  /pub/group%2fproject /pub/a%252fb /pub/100%25 /pub/50%25-off /pub/%25zz /pub/caf%C3%A9 /pub/a%20b
  /pub/https%3A%2F%2Fgit.example%2Fa.git /pub/https%253A%252F%252Fgit.example /keep/a%2Fb/c /v/a%2Fb/x
  /v/a%2fb /pub/a%2fb%2f..%2fc /pub/...%2fx /pub/..a%2fx /pub/a;v=1/b%2fc /pub/%255b /raw/a%2fb//c /raw/a/../b
  /up/a%2fb /t/a%20b/x%2fy /rules/a%2fb /rawkeep/a%2fb/c /x%2fy /exact%252fa /pub/%E2%82%AC%2F%F0%9F%98%80
  /pub/a%255cb /pub/what%3f /pub/what%3fx=1 /pub/admin/x%2f..%3fx /pub/c%23 /keep/a%253fb/c /v/a%3fb /t/a/x%23b /raw/a%3f/b /admin%3fx /up/a%3fb
`
  .trim()
  .split(/\s+/);

describe('a path stays on its route, however often a service decodes it', () => {
  for (const url of LEAVING) {
    it(`refuses ${url}`, () => assert.equal(pass(url), undefined));
  }

  for (const url of STAYING) {
    it(`lets ${url} pass`, () => {
      const passed = pass(url);
      assert.ok(passed !== undefined);
      assert.equal(findLeak(passed), undefined);
    });
  }

  it('names the rule in the refusal', () => {
    const target = normalizeTarget('/pub/..%252fadmin');
    const request = asked(target.path);
    const match = table.find(request);
    assert.ok(match.found);
    assert.throws(() => forwardablePath(target, 'normalized', match, request, table), {
      code: 'bad_path',
      message: /however often a service decodes/i,
    });
  });

  it('holds for whatever is put together from encodings of dots, slashes and the rest', { timeout: 120_000 }, () => {
    let passed = 0;
    let hidden = 0;
    for (const url of encodedPaths(20_252, STARTS, 25_000)) {
      const outcome = pass(url);
      if (outcome === undefined) continue;
      passed += 1;
      if (/%(?:25)*2[ef]/i.test(outcome.sent)) hidden += 1;
      const leak = findLeak(outcome);
      assert.equal(leak, undefined, `${url} is sent as ${outcome.sent} and ${leak}`);
    }
    assert.ok(
      passed > 5_000 && hidden > 500,
      `only ${passed}, ${hidden} with hidden dots or slashes, were let through`,
    );
  });
});
