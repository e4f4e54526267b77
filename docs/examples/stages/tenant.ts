import { defineStage } from 'turnpike';

/** Tells services which tenant a request is for: `red.shop.example` is the tenant `red`. */
export default defineStage({
  name: 'tenant',
  description: 'The tenant is the first label of the host, below this domain.',
  schema: {
    type: 'object',
    properties: {
      domain: { type: 'string', description: 'Tenants are the names right below it: "shop.example".' },
      header: { type: 'string', default: 'x-tenant', description: 'The header field that services read.' },
      known: { type: 'array', items: { type: 'string' }, description: 'All tenants; any other host is refused.' },
    },
    required: ['domain'],
    additionalProperties: false,
  },

  create({ domain, header, known }) {
    const ending = `.${domain.toLowerCase()}`;
    const tenants = known && new Set(known);

    return {
      request(context) {
        const name = context.host.endsWith(ending) ? context.host.slice(0, -ending.length) : '';
        const isTenant = /^[a-z0-9-]+$/.test(name) && (tenants === undefined || tenants.has(name));
        if (!isTenant) return context.refuse('not_found', 'No tenant has this host.');
        context.state.set('tenant', name);
        context.setServiceHeader(header, name);
        return undefined;
      },
      // Answers of one tenant are never given to another one.
      cacheKey: (context) => String(context.state.get('tenant')),
    };
  },
});
