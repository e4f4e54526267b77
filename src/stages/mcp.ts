import { authKeys, hasMetadata } from '../auth/auth-option.ts';
import type { Denial } from '../auth/authorization-rules.ts';
import { challengeOf } from '../auth/challenges.ts';
import { checkRuleConsumers } from '../auth/check-names.ts';
import { refusalOf } from '../auth/denial-refusal.ts';
import { withMetadata } from '../auth/resource-metadata.ts';
import { credentialFileKeys } from '../auth/schemes.ts';
import { bodyOf } from '../body/body-of.ts';
import { contextOf, type RequestContext } from '../context.ts';
import { GatewayError } from '../errors.ts';
import { hasBody } from '../lib/has-body.ts';
import { CallCounter, operationOf } from '../mcp/call-names.ts';
import type { McpCall } from '../mcp/calls.ts';
import { checkMcpRoute } from '../mcp/check.ts';
import { type ReadCalls, readCalls } from '../mcp/guard.ts';
import { rememberCalls } from '../mcp/known-calls.ts';
import { mcpKeys } from '../mcp/options.ts';
import { answerInProtocol } from '../mcp/refusal.ts';
import { McpRules } from '../mcp/rules.ts';
import { defineStage } from '../stage.ts';

/** Outside of what JSON-RPC and MCP keep for themselves (MCP 2026-07-28, Error Codes). */
const REFUSED_RPC_CODE = 403;

const NO_SOCKETS = 'Messages over a WebSocket can not be looked at; send them by POST.';

type Next = (error?: unknown) => void;

/**
 * Looks at each message to an MCP server before that does: 403 `forbidden` or `insufficient_scope` for what the caller may
 * not call, 400 `bad_body` or `header_mismatch` for what could be read in two ways.
 */
export const mcpStage = defineStage({
  name: 'mcp',
  keys: mcpKeys,
  reads: { auth: authKeys.auth, resourceMetadata: authKeys.resourceMetadata },
  fileReads: { consumers: credentialFileKeys.consumers, consumerStore: credentialFileKeys.consumerStore },
  shadow: { needs: ['mcp'] },

  check({ consumers, consumerStore }, routes, report) {
    const names = consumers.map(({ name }) => name);
    routes.forEach((route, index) => {
      checkMcpRoute(route, ['routes', index], report, (rule, path) => {
        if (consumerStore === 'file') checkRuleConsumers(rule, names, path, report);
      });
    });
  },

  create({ mcp: options, auth, resourceMetadata = false }, route, { hidden, metrics }) {
    if (options === undefined || !route.matched) return undefined;
    const rules = new McpRules(options, hidden.hide);
    const counter = new CallCounter(rules, (...labels) => metrics.mcpCalls.labels(route.name, ...labels));
    const challenge = challengeOf(auth?.schemes ?? ['jwt']);
    const isPublished = auth !== undefined && hasMetadata({ auth, resourceMetadata });
    const isTrial = route.isShadowed === true;

    const refuse = (context: RequestContext, { id }: McpCall, denial: Denial): GatewayError => {
      const say = (text: string) => ['WWW-Authenticate', isPublished ? withMetadata(text, context) : text];
      // Where identity is optional nobody may have come: who calls is asked before what is allowed.
      if (context.authMethod === undefined && auth !== undefined && auth.mode !== 'none')
        return new GatewayError('unauthenticated', undefined, { headers: say(challenge) });
      const code = denial.scopes === undefined ? 'forbidden' : 'insufficient_scope';
      const error = { rpcCode: REFUSED_RPC_CODE, message: denial.detail, id };
      return refusalOf(denial, say, { passedOn: answerInProtocol(context, code, error) });
    };

    const judge = (context: RequestContext, calls: readonly McpCall[]): GatewayError | undefined => {
      const denialOf = rules.judge(context);
      for (const call of calls) {
        for (const asked of rules.asksOf(call)) {
          const denial = denialOf(asked);
          if (denial === undefined) continue;
          context.trace?.push({ stage: 'mcp', decision: `refused: ${operationOf([call])}: ${denial.detail}` });
          return refuse(context, call, denial);
        }
      }
      return undefined;
    };

    const settle = (context: RequestContext, { calls, from }: ReadCalls): GatewayError | undefined => {
      context.operation = operationOf(calls);
      const refusal = judge(context, calls);
      if (!context.dryRun) counter.count(calls, refusal === undefined ? 'passed' : 'refused');
      if (refusal !== undefined) return refusal;
      // What is only tried out changes nothing.
      if (!isTrial) rememberCalls(context, calls);
      context.trace?.push({ stage: 'mcp', decision: `allowed by the ${from}: ${context.operation || 'an answer'}` });
      return undefined;
    };

    /** A body that can't be read is nothing to try out: whoever waits for this is told of it as of a rejection. */
    const guardPost = async (context: RequestContext, next: Next): Promise<void> => {
      if (context.dryRun && !hasBody(context.req)) {
        context.trace?.push({ stage: 'mcp', decision: 'looks at the body, which is not here' });
        return next();
      }
      if (!options.trustHeaders) await bodyOf(context)?.whole();
      const read = await readCalls(context, options).catch((error: unknown) => ({ error }));
      next('error' in read ? read.error : settle(context, read));
    };

    return function mcp(req, _res, next) {
      const context = contextOf(req);
      const { method } = context;
      if (context.websocket !== undefined) return next(new GatewayError('forbidden', NO_SOCKETS));
      if (method === 'POST') return guardPost(context, next);
      if (!OTHER_METHODS.has(method)) return next(otherMethod());
      if (hasBody(req)) return next(new GatewayError('bad_request', `A ${method} of MCP has no body.`));
      if (!isTrial) rememberCalls(context, []);
      next();
    };
  },
});

/** A stream to listen to, and the end of a session (MCP 2025-11-25); pages ask by OPTIONS where CORS is the service's. */
const OTHER_METHODS = new Set(['GET', 'HEAD', 'DELETE', 'OPTIONS']);

function otherMethod(): GatewayError {
  return new GatewayError('method_not_allowed', 'MCP is spoken by POST, GET and DELETE.', {
    headers: ['Allow', 'DELETE, GET, HEAD, POST'],
  });
}
