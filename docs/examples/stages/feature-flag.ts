import { createHash } from 'node:crypto';
import { defineStage } from 'turnpike';

/** Opens a route to some of its callers: the same ones each time, by name or by lot. */
export default defineStage({
  name: 'featureFlag',
  description: 'Who is not among these callers is told that there is no such route.',
  schema: {
    type: 'object',
    properties: {
      flag: { type: 'string', description: 'Its name; services read it in X-Feature.' },
      percent: { type: 'number', minimum: 0, maximum: 100, default: 0, description: 'So many of all callers.' },
      consumers: { type: 'array', items: { type: 'string' }, default: [], description: 'And these ones.' },
    },
    required: ['flag'],
    additionalProperties: false,
  },
  dryRun: true,

  create({ flag, percent, consumers }) {
    const named = new Set(consumers);

    return {
      request(context) {
        const who = context.consumer?.name ?? context.user ?? context.address;
        if (!named.has(who) && lotOf(flag, who) >= percent) return context.refuse('not_found');
        context.setServiceHeader('x-feature', flag);
        return undefined;
      },
    };
  },
});

/** From 0 to under 100, and always the same for the same caller. */
function lotOf(flag: string, who: string): number {
  return (createHash('sha256').update(`${flag}\n${who}`).digest().readUInt32BE() / 2 ** 32) * 100;
}
