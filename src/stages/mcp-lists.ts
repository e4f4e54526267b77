import { contextOf } from '../context.ts';
import { askForIdentity } from '../idempotency/told-field.ts';
import { type Asked, type Kind, LISTING_METHODS } from '../mcp/calls.ts';
import { callsOf } from '../mcp/known-calls.ts';
import { ListFilter } from '../mcp/list-filter.ts';
import { mcpKeys } from '../mcp/options.ts';
import { McpRules } from '../mcp/rules.ts';
import { defineStage } from '../stage.ts';

/**
 * Leaves out of the lists of an MCP server what their reader may not call. A list comes as the answer to the call that asks
 * for it, or over a stream that is listened to; answers of all other calls pass as they are.
 */
export const mcpListsStage = defineStage({
  name: 'mcpLists',
  reads: mcpKeys,

  create({ mcp: options }, route, { hidden }) {
    if (options === undefined || !route.matched) return undefined;
    const rules = new McpRules(options, hidden.hide);
    if (!rules.filtersLists) return undefined;
    const { maxList: maxBytes } = options;
    const has = (kind: Kind): boolean => rules.has(kind);

    return function mcpLists(req, _res, next) {
      const context = contextOf(req);
      const calls = callsOf(context);
      const mayBeList = context.method === 'GET' || calls?.some(({ method }) => LISTING_METHODS.has(method));
      if (calls !== undefined && mayBeList) {
        // A stream that is coded can't be looked through while it runs.
        askForIdentity(context);
        const denialOf = rules.judge(context);
        const allows = (asked: Asked): boolean => denialOf(asked) === undefined;
        context.sink = new ListFilter({ has, allows }, maxBytes, context.sink);
        context.trace?.push({ stage: 'mcpLists', decision: 'lists are filtered' });
      }
      next();
    };
  },
});
