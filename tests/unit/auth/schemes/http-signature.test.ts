import assert from 'node:assert/strict';
import { test } from 'node:test';
import { authenticateStage } from '../../../../src/stages/authenticate.ts';
import { codeOf, compile, createDeps, createRequest, NOW_SECONDS, run } from '../../../support/auth.ts';
import { SIGNING_SECRET, signRequest } from '../../../support/sign.ts';

test('an explanation uses up no nonce, and says what would come of the call', async () => {
  const { deps } = createDeps();
  const consumers = [{ name: 'partner', plan: 'gold', signatureKeys: [{ id: 'k1', secret: SIGNING_SECRET }] }];
  const file = { consumers, plans: { gold: {} } };
  const handler = compile(authenticateStage, { options: { auth: 'http-signature' }, file, deps });
  const parameters = `;created=${NOW_SECONDS};nonce="one"`;
  const headers = Object.entries({
    host: 'example.com',
    ...signRequest({ url: 'http://example.com/', parameters }),
  });
  const call = async (dryRun: boolean) => {
    const context = createRequest({ headers });
    context.req.url = '/';
    context.dryRun = dryRun;
    const code = codeOf(await run(handler, context));
    return { code, consumer: context.consumer?.name, plan: context.plan };
  };
  const passed = { code: undefined, consumer: 'partner', plan: 'gold' };
  assert.deepEqual([await call(true), await call(true)], [passed, passed]);
  assert.deepEqual(await call(false), passed);
  assert.equal((await call(false)).code, 'signature_replayed');
});
