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
