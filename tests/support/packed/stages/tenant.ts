import { defineStage } from 'turnpike';

/** An own stage of a project that has installed the package: typed by its schema, and told by name. */
export default defineStage({
  name: 'tenant',
  schema: {
    type: 'object',
    properties: { domain: { type: 'string' }, fallback: { type: 'string', default: 'nobody' } },
    required: ['domain'],
  },
  create({ domain, fallback }, route) {
    route.log.info('tenants by host', { domain: domain.toLowerCase() });
    return {
      request(context) {
        const tenant = context.host.endsWith(`.${domain}`) ? context.host.slice(0, -domain.length - 1) : fallback;
        if (tenant === 'blocked') return context.refuse('forbidden', 'This tenant is closed.');
        context.setServiceHeader('x-tenant', tenant);
        return undefined;
      },
    };
  },
});
