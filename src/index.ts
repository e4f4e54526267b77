/* What `import … from 'turnpike'` gives: see docs/embedding.md. */
export { ConfigError as GatewayConfigError, type Fault as ConfigFault } from './config/config-error.ts';
export { createGateway } from './embed/create-gateway.ts';
export type {
  Gateway,
  GatewayLogger,
  GatewayOptions,
  GatewaySettings,
  Json,
  ReloadOutcome,
  Route,
  RoutesFile,
} from './embed/public.ts';
export {
  type AnswerHead,
  type Decided,
  defineStage,
  type Outcome,
  type Refusal,
  type StageAnswer,
  type StageConsumer,
  type StageContext,
  type StageDefinition,
  type StageHeaders,
  type StageHooks,
  type StageLog,
  type StageMiddleware,
  type StageRequest,
  type StageRoute,
} from './own/define-stage.ts';
export type { OptionsOf, OptionsSchema } from './own/options-of.ts';
