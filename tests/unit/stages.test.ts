import assert from 'node:assert/strict';
import { test } from 'node:test';
import { STAGES } from '../../src/stages.ts';

const names = STAGES.map(({ name }) => name as string);

/** First, second, and what would go wrong the other way round. */
const REASONS: readonly (readonly [string, string, string])[] = [
  ['sanitizeHeaders', 'authenticate', 'a client would forge the identity that the gateway writes'],
  ['cors', 'addressBan', 'a page could not read why it was refused'],
  ['cors', 'authenticate', 'a page could not read why it was refused'],
  ['requestId', 'accessLog', 'a log line would lack its request id'],
  ['accessLog', 'preflight', 'a preflight would have no log line'],
  ['accessLog', 'refuse', 'a request without a route would have no log line'],
  ['preflight', 'authenticate', 'a preflight, which carries no credential, would be refused'],
  ['securityHeaders', 'addressBan', 'a refusal would lack them'],
  ['accessLog', 'gatewayLimit', 'a refused call would have no log line'],
  ['preflight', 'gatewayLimit', 'a preflight would be counted'],
  ['securityHeaders', 'gatewayLimit', 'a refusal would lack them'],
  ['errors', 'gatewayLimit', 'a refusal would be told in other words'],
  ['errors', 'refuse', 'a 404 would be told in other words'],
  ['compress', 'normalize', 'the body of a service would be compressed that nobody gets'],
  ['normalize', 'forward', 'the answer would have left as it is'],
  ['gatewayLimit', 'refuse', 'calls that find no route would not be counted'],
  ['gatewayLimit', 'authenticate', 'calls without a credential would not be counted'],
  ['refuse', 'authenticate', 'paths could be told apart by who asks'],
  ['addressBan', 'authenticate', 'a guesser who is banned would go on guessing'],
  ['refuse', 'deprecation', 'a path without a route would be told of'],
  ['deprecation', 'authenticate', 'a refused caller would not learn that the route goes away'],
  ['gatewayLimit', 'deprecation', 'calls of a route that is gone would be counted nowhere'],
  ['ipAccess', 'maintenance', 'an address that is shut out would be told when to come back'],
  ['maintenance', 'authenticate', 'a caller whose issuer is closed too would get 401 or 503 for that'],
  ['ipAccess', 'authenticate', 'an address that is shut out could try credentials'],
  ['authenticate', 'callerBan', 'nobody would know who calls'],
  ['authenticate', 'authorize', 'nobody would know who calls'],
  ['authenticate', 'me', 'anybody could ask for anybody'],
  ['authenticate', 'concurrency', 'calls would be counted by address'],
  ['authenticate', 'rateLimit', 'calls would be counted by address'],
  ['authorize', 'rateLimit', 'what is forbidden would cost quota'],
  ['me', 'rateLimit', 'a look at the limits would use them up'],
  ['concurrency', 'rateLimit', 'a call refused for another in flight would cost quota'],
  ['websocket', 'rateLimit', 'a handshake refused for its origin would cost quota'],
  ['rateLimit', 'bodyLimit', 'a body could be sent past the limit'],
  ['bodyLimit', 'forward', 'a body of any size would reach the service'],
  ['bodyLimit', 'graphql', 'a query of any size would be read'],
  ['rateLimit', 'graphql', 'work would be done for who has used up all of a limit'],
  ['graphql', 'graphqlCost', 'nobody would know what a query costs'],
  ['graphqlCost', 'respond', 'a query that its caller can not pay for would be answered'],
  ['graphqlCost', 'forward', 'a query that its caller can not pay for would be run'],
  ['bodyLimit', 'mcp', 'a message of any size would be read'],
  ['authenticate', 'mcp', 'nobody would know who calls a tool'],
  ['mcp', 'mcpLimit', 'nobody would know which tool is called'],
  ['mcpLimit', 'forward', 'a tool that its caller may not call so often would be run'],
  ['mcp', 'mcpLists', 'nobody would know whether a list was asked for'],
  ['compress', 'mcpLists', 'a list would be coded before it is looked through'],
  ['mcpLists', 'idempotency', 'what one caller may see would be kept for others'],
  ['mcpLists', 'cache', 'what one caller may see would be stored for others'],
  ['rateLimit', 'respond', 'fixed answers would be free of limits'],
  ['rateLimit', 'aggregate', 'one call could ask for many that nobody counts'],
  ['response', 'aggregate', 'the answer would have left before its edits'],
  ['authenticate', 'request', 'a field that names the caller could not be renamed'],
  ['compress', 'response', 'what is edited would be coded already'],
  ['compress', 'respond', 'a fixed answer would not be compressed'],
  ['response', 'respond', 'a fixed answer would not be edited'],
  ['rateLimit', 'fault', 'calls that fail on purpose would be free of limits'],
  ['fault', 'forward', 'the service would answer before it fails'],
  ['response', 'forward', 'the answer would have left before its edits'],
  ['authorize', 'redirect', 'where it leads would be told to anybody'],
  ['request', 'cache', 'what the service is told would not be part of the key'],
  ['authorize', 'cache', 'what is stored would be given to those who may not have it'],
  ['rateLimit', 'cache', 'hits would be free of limits'],
  ['response', 'cache', 'a hit would leave without its edits'],
  ['compress', 'cache', 'each coding would be stored for all'],
  ['cache', 'forward', 'nobody would be answered from the store'],
  ['response', 'files', 'the answer would have left before its edits'],
  ['authorize', 'files', 'everybody could read them'],
  ['rateLimit', 'files', 'files would be free of limits'],
];

for (const [first, second, otherwise] of REASONS) {
  test(`${first} stands before ${second}: otherwise ${otherwise}`, () => {
    assert.ok(names.includes(first) && names.includes(second));
    assert.ok(names.indexOf(first) < names.indexOf(second));
  });
}

test('the proxies come last', () => {
  assert.equal(names.at(-1), 'forward');
});
