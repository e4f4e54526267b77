import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createApiKey, hashApiKey } from '../../../src/auth/api-key-format.ts';
import { ApiKeys } from '../../../src/auth/api-keys.ts';
import { checkConsumers, consumerRow } from '../../../src/auth/consumers.ts';
import { groups, withGroups } from '../../../src/auth/groups.ts';
import { Refusal } from '../../../src/auth/identity.ts';
import { ConsumerFacts } from '../../../src/values/consumer-facts.ts';
import { compileProgram } from '../../../src/values/language.ts';
import { NOW_MS } from '../../support/auth.ts';

const GROUPS = groups.parse({ partners: { scopes: ['read', 'write'], metadata: { region: 'eu', tier: 'group' } } });

function faultsOf(rows: readonly object[], known = GROUPS): readonly string[] {
  const faults: string[] = [];
  const consumers = rows.map((row) => consumerRow.parse(row));
  checkConsumers({ consumers, groups: known }, ['gold'], (path, message, hint) => {
    faults.push(`${path.join('/')}: ${message} (${hint})`);
  });
  return faults;
}

test('a group, a plan of one and a scope of a key that are not there are told with the nearest name', () => {
  assert.deepEqual(faultsOf([{ name: 'app', groups: 'partner' }]), [
    'consumers/0/groups/0: there is no group "partner" (did you mean "partners"? there are: partners)',
  ]);
  assert.match(faultsOf([], groups.parse({ a: { plan: 'golt' } })).join(), /groups\/a\/plan: .*did you mean "gold"/);
  const key = { id: 'k1', sha256: hashApiKey('x'), scopes: ['read', 'wirte', 'admin'] };
  const [misspelt, none] = faultsOf([{ name: 'app', groups: ['partners'], keys: [key] }]);
  assert.match(misspelt ?? '', /keys\/0\/scopes\/1: .*did you mean "write"/);
  assert.match(none ?? '', /keys\/0\/scopes\/2: .*give it to the consumer/);
});

test('a key of the file has its scopes of the consumer, and its metadata before those of consumer and group', () => {
  const secret = createApiKey();
  const row = consumerRow.parse({
    name: 'app',
    groups: ['partners'],
    scopes: ['own'],
    metadata: { tier: 'own', desk: 'own' },
    keys: [{ id: 'k1', sha256: hashApiKey(secret), scopes: ['read', 'own'], metadata: { desk: 'key' } }],
  });
  const identity = new ApiKeys([withGroups(row, GROUPS)]).check(secret, NOW_MS);
  assert.ok(!(identity instanceof Refusal));
  assert.deepEqual(identity.scopes, ['own', 'read']);
  assert.deepEqual(Object.fromEntries(identity.consumer?.metadata ?? []), { region: 'eu', tier: 'own', desk: 'key' });
});

test('an expression reads metadata, and knows what is not there from what is', () => {
  const metadata = new Map([
    ['region', 'eu'],
    ['constructor', 'a text'],
  ]);
  const consumer = new ConsumerFacts('app', 'gold', metadata);
  const evaluate = (text: string, facts = consumer) => compileProgram(text, 'call').run({ consumer: facts });
  assert.equal(evaluate("consumer.metadata.region == 'eu'"), true);
  assert.equal(evaluate('consumer.metadata["constructor"]'), 'a text');
  assert.equal(evaluate('has(consumer.metadata.tier)'), false);
  assert.equal(evaluate('consumer.metadata.?tier.orValue("none")'), 'none');
  assert.throws(() => evaluate("consumer.metadata.tier == 'a'"));
  assert.throws(() => evaluate("consumer.metadata.toString == 'a'", new ConsumerFacts('', '')));
});
