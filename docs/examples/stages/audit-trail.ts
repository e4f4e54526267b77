import { createWriteStream } from 'node:fs';
import { defineStage } from 'turnpike';

/** Writes a line for each request that changes something: who did what, and what came of it. */
export default defineStage({
  name: 'auditTrail',
  description: 'Where the lines go: a file, to which they are appended.',
  schema: {
    type: 'object',
    properties: {
      file: { type: 'string' },
      methods: { type: 'array', items: { type: 'string' }, default: ['POST', 'PUT', 'PATCH', 'DELETE'] },
    },
    required: ['file'],
    additionalProperties: false,
  },
  // Refusals of authenticate and authorize are in the trail too.
  after: 'refuse',

  create({ file, methods }, { log }) {
    const audited = new Set(methods);
    const trail = createWriteStream(file, { flags: 'a', mode: 0o600 });
    trail.on('error', (error) => log.error('the audit trail can not be written', { why: error.message }));

    return {
      end(context, outcome) {
        if (!audited.has(context.method)) return;
        const { method, path, consumer, user, address, requestId } = context;
        const who = { consumer: consumer?.name, user, address };
        trail.write(`${JSON.stringify({ at: new Date().toISOString(), method, path, who, requestId, ...outcome })}\n`);
      },
      close: () => new Promise<void>((resolve) => trail.end(resolve)),
    };
  },
});
