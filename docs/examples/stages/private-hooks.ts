import { defineStage } from 'turnpike';

/** What stood in the hooks of a route of fast-gateway: `onRequest` and `rewriteHeaders`. */
export default defineStage({
  name: 'privateHooks',
  description: 'Hides what is hidden, marks what goes on, and edits what comes back.',

  create() {
    return {
      request(context) {
        if (context.path.includes('hidden')) return context.respond({ status: 403, body: 'not for you' });
        context.setServiceHeader('x-seen', '1');
        return undefined;
      },
      head(_context, answer) {
        answer.headers.delete('x-build');
        answer.headers.set('x-team', 'shop');
      },
    };
  },
});
