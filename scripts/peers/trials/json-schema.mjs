/**
 * The required cases of the JSON Schema Test Suite, through a route: whatever a bare Ajv answers rightly, the route
 * must too. The suite is Debian's package libtest-json-schema-acceptance-perl, or a checkout that JSON_SCHEMA_SUITE
 * names; without either there is nothing to try.
 */
import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Ajv } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { startGateway } from '../../../tests/support/gateway.ts';
import { ask } from '../../../tests/support/http.ts';
import { listen } from '../recipe.mjs';

const DEBIAN = '/usr/share/perl5/auto/share/dist/Test-JSON-Schema-Acceptance';
const SUITE = process.env.JSON_SCHEMA_SUITE ?? DEBIAN;
const REMOTE = 'http://localhost:1234/';

/** What needs schemas of another server, or that a format is no check: the gateway loads nothing, and checks formats. */
const LEFT_OUT = ['refRemote.json', 'format.json', 'vocabulary.json'];

const cases = { 'draft2020-12': [Ajv2020, 900], draft7: [Ajv, 700] };

for (const [draft, [BareAjv, fewest]] of Object.entries(cases)) {
  test(`JSON Schema ${draft}: a route keeps each required case that Ajv keeps`, async (t) => {
    const folder = join(SUITE, 'tests', draft);
    if (!existsSync(folder)) {
      t.diagnostic('no suite: apt-get install libtest-json-schema-acceptance-perl, or set JSON_SCHEMA_SUITE');
      return;
    }
    const groups = globSync('*.json', { cwd: folder })
      .filter((file) => !LEFT_OUT.includes(file))
      .sort()
      .flatMap((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')).map((group) => ({ file, ...group })))
      .filter(({ schema }) => !JSON.stringify(schema).includes(`"$ref":"${REMOTE}`))
      // The routes file has no such name in it, whatever for.
      .filter(({ schema }) => !JSON.stringify(schema).includes('__proto__'));
    const kept = groups.flatMap((group) => {
      const check = bareCheck(BareAjv, group.schema);
      const tests = group.tests.filter(({ data, valid }) => check?.(data) === valid);
      return tests.length === 0 ? [] : [{ ...group, tests }];
    });
    const target = await listen(t, (req, res) => req.resume().on('end', () => res.end()));
    const routes = kept.map(({ schema }, index) => ({
      prefix: `/${index}`,
      target,
      auth: 'none',
      validate: { body: typeof schema === 'boolean' ? { allOf: [schema] } : withDialect(schema, draft), strict: false },
    }));
    const gateway = await startGateway(t, { file: { routes } });
    const wrong = [];
    let count = 0;
    for (const [index, { file, description, tests }] of kept.entries()) {
      for (const one of tests) {
        count += 1;
        const { status } = await ask(`${gateway.url}/${index}`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(one.data),
        });
        if (status !== (one.valid ? 200 : 400)) wrong.push(`${file}: ${description}: ${one.description} (${status})`);
      }
    }
    const all = groups.reduce((sum, { tests }) => sum + tests.length, 0);
    t.diagnostic(`${all} required cases, ${count} kept by Ajv, ${count - wrong.length} of those by the route`);
    assert.deepEqual(wrong, []);
    assert.ok(count > fewest, `only ${count} cases`);
  });
}

function bareCheck(BareAjv, schema) {
  try {
    return new BareAjv({ strict: false, validateFormats: false, logger: false, ownProperties: true }).compile(schema);
  } catch {
    return undefined;
  }
}

function withDialect(schema, draft) {
  return draft === 'draft7' ? { ...schema, $schema: 'http://json-schema.org/draft-07/schema#' } : schema;
}
