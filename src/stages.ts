import { accessLogStage } from './stages/access-log.ts';
import { addressBanStage } from './stages/address-ban.ts';
import { aggregateStage } from './stages/aggregate.ts';
import { authenticateStage } from './stages/authenticate.ts';
import { authorizeStage } from './stages/authorize.ts';
import { bodyLimitStage } from './stages/body-limit.ts';
import { cacheStage } from './stages/cache.ts';
import { callerBanStage } from './stages/caller-ban.ts';
import { compressStage } from './stages/compress.ts';
import { concurrencyStage } from './stages/concurrency.ts';
import { corsStage } from './stages/cors.ts';
import { deprecationStage } from './stages/deprecation.ts';
import { errorsStage } from './stages/errors.ts';
import { faultStage } from './stages/fault.ts';
import { filesStage } from './stages/files.ts';
import { forwardStage } from './stages/forward.ts';
import { gatewayLimitStage } from './stages/gateway-limit.ts';
import { graphqlStage } from './stages/graphql.ts';
import { graphqlCostStage } from './stages/graphql-cost.ts';
import { idempotencyStage } from './stages/idempotency.ts';
import { ipAccessStage } from './stages/ip-access.ts';
import { maintenanceStage } from './stages/maintenance.ts';
import { mcpStage } from './stages/mcp.ts';
import { mcpLimitStage } from './stages/mcp-limit.ts';
import { mcpListsStage } from './stages/mcp-lists.ts';
import { meStage } from './stages/me.ts';
import { modelTokensStage } from './stages/model-tokens.ts';
import { normalizeStage } from './stages/normalize.ts';
import { openapiStage } from './stages/openapi.ts';
import { preflightStage } from './stages/preflight.ts';
import { rateLimitStage } from './stages/rate-limit.ts';
import { redirectStage } from './stages/redirect.ts';
import { refuseStage } from './stages/refuse.ts';
import { requestStage } from './stages/request.ts';
import { requestIdStage } from './stages/request-id.ts';
import { resourceMetadataStage } from './stages/resource-metadata.ts';
import { respondStage } from './stages/respond.ts';
import { responseStage } from './stages/response.ts';
import { sanitizeHeadersStage } from './stages/sanitize-headers.ts';
import { securityHeadersStage } from './stages/security-headers.ts';
import { selfServiceStage } from './stages/self-service.ts';
import { serviceTokensStage } from './stages/service-tokens.ts';
import { validateStage } from './stages/validate.ts';
import { websocketStage } from './stages/websocket.ts';

/**
 * THE LIST: the pipeline, first to last. What a route may say in routes.json is what these stages say it may.
 * To add a stage: one new file, one line here, one test. What a file uses of its users' own (`use`) is put between these
 * by config/place-own-stages.ts.
 */
export const STAGES = [
  sanitizeHeadersStage, //  before anything reads a header that the client may have forged
  corsStage, //             before anything refuses, so that browsers can read the refusal
  requestIdStage, //        before the log line that names it
  accessLogStage, //        before anything ends the request, so that every request has a line
  preflightStage, //        after ID and log; a preflight carries no credential, so before authentication
  securityHeadersStage, //  on every answer, refusals of later stages included
  errorsStage, //           before anything refuses in other words than the file's
  gatewayLimitStage, //     needs no identity: before all that refuses, so that calls that end 401, 403, 404 count too
  refuseStage, //           what matched no route ends here: seen and logged, never authenticated
  deprecationStage, //      on every answer of its route; what is gone asks for no credential
  addressBanStage, //       before credentials are looked at: guessing must not cost us anything
  ipAccessStage, //         cheapest reason to refuse, needs no identity
  maintenanceStage, //      closed for everybody: whoever issues tokens may be closed too; who is shut out needs no notice
  authenticateStage, //     before everything that asks who is calling
  callerBanStage, //        as soon as it is known who calls
  authorizeStage, //        before the limit: what is forbidden costs nobody's quota
  selfServiceStage, //      a consumer's own keys: proven, and free of limits that would keep it from changing a stolen one
  meStage, //               a caller's question about itself: proven, and counted in no limit
  resourceMetadataStage, // who gives tokens, for those who have none: public, and counted in no limit of callers
  serviceTokensStage, //    the keys of our tokens, for services: public, and counted in no limit of callers
  concurrencyStage, //      before the limit: a call refused here costs no quota
  websocketStage, //        knows the caller, whose open sockets it counts; a handshake refused here costs no quota
  rateLimitStage, //        after identity, since limits are by consumer; before any work for the request
  bodyLimitStage, //        before a byte of the body is read
  validateStage, //         after the limits, which cost less; before anything answers from what it reads, or changes it
  graphqlStage, //          reads the body, so behind its limit; before anything answers
  graphqlCostStage, //      what it costs is known now; the call itself rateLimit has counted, before the body was read
  mcpStage, //              reads the body, so behind its limit; before anything answers
  mcpLimitStage, //         which tool is called is known now; what may not be called has cost one call
  compressStage, //         farther from the service than whatever reads or edits an answer: codes what came of it
  responseStage, //         nearest to whoever answers: what stages before it make of an answer, they make of the edited one
  mcpListsStage, //         nearer to the service than what edits answers and codes them: lists are read as they came
  normalizeStage, //        an error of a service is none of a service for whatever reads, edits or compresses answers
  faultStage, //            where a service would fail: what stands before it sees what it would see then
  respondStage, //          fixed answers need no service
  redirectStage, //         nor does a redirect; behind the guards, since where it leads may be nobody else's business
  filesStage, //            the files of a folder are answers like those of a service: every edit and guard holds
  aggregateStage, //        asks other routes in a service's place, each behind its own guards
  openapiStage, //          describes the service: behind what needs none, and nearer to its answers than what changes them
  idempotencyStage, //      nearest to the service: keeps its answers as they came, so that a replay is made of what the first was
  requestStage, //          after everything that tells the service something
  cacheStage, //            near the service: sees what it is told; a hit has passed every guard, and is edited like its answer
  modelTokensStage, //      what is answered from a store costs no tokens; sees the very body that is sent, and the answer as it came
  forwardStage, //          last: the proxies
] as const;
