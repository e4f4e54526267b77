import { z } from 'zod';
import { contextOf, type RequestContext } from '../context.ts';
import { GatewayError } from '../errors.ts';
import { createNetworkTest } from '../lib/network-test.ts';
import { network } from '../schema-values.ts';
import { defineStage } from '../stage.ts';

const networks = z.array(network).max(10_000).optional();

const keys = {
  ipAllow: networks.describe('Addresses and networks that may use this route; all others get 403. Default: everyone.'),
  ipDeny: networks.describe('Addresses and networks that may not, even where `ipAllow` names them. Default: nobody.'),
};

/** Lets only some client addresses in: 403 `address_refused`. The address is the one that TRUST_PROXY allows to believe. */
export const ipAccessStage = defineStage({
  name: 'ipAccess',
  keys,
  shadow: { needs: ['ipAllow', 'ipDeny'] },

  create({ ipAllow, ipDeny }, route) {
    if (!route.matched || (ipAllow === undefined && ipDeny === undefined)) return undefined;
    const isAllowed = ipAllow === undefined ? () => true : createNetworkTest(ipAllow);
    const isDenied = createNetworkTest(ipDeny ?? []);

    return function ipAccess(req, _res, next) {
      const context = contextOf(req);
      const passes = isAllowed(context.clientAddress) && !isDenied(context.clientAddress);
      context.trace?.push({ stage: 'ipAccess', decision: passes ? 'address allowed' : 'address refused' });
      if (passes) next();
      else next(new GatewayError('address_refused', undefined, { detailForLog: explain(context) }));
    };
  },
});

/** An address that a proxy has told, and that was not believed, is why nobody gets in behind one; for the log alone. */
function explain({ req, peerTrusted, clientAddress }: RequestContext): string | undefined {
  if (req.headers['x-forwarded-for'] === undefined || peerTrusted) return undefined;
  return `The client is ${clientAddress}: an X-Forwarded-For came and was not believed, for TRUST_PROXY does not cover it.`;
}
