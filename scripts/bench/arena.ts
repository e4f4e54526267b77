import type { Credential } from './token.ts';
import type { Tools } from './tools.ts';

/** What every contestant is given. */
export interface Arena {
  readonly folder: string;
  readonly tools: Tools;
  readonly serviceUrl: string;
  readonly redisUrl: string | undefined;
  readonly credential: Credential;
}
