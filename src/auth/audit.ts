import type { Logger } from 'winston';
import type { Settings } from '../settings.ts';

/** A change of consumers or keys, for the log. Never holds a key or its hash. */
export interface Audit {
  readonly action:
    | 'consumer.create'
    | 'consumer.update'
    | 'consumer.delete'
    | 'key.create'
    | 'key.rotate'
    | 'key.revoke';
  /** `admin`, or `consumer` where one changes its own keys. */
  readonly by: 'admin' | 'consumer';
  /** The person behind a portal, as that says (X-Actor); the user of a token; the key that was called with. */
  readonly actor?: string | undefined;
  /** Of the client. */
  readonly address: string | undefined;
  readonly requestId?: string | undefined;
  readonly consumer: string;
  /** `key` would be hidden in the log, whatever stands there. */
  readonly keyId?: string | undefined;
  /** Names of what was changed of a consumer; of a rotation, the keys that end. */
  readonly changed?: readonly string[] | undefined;
  /** `unknown` where the store did not say in time whether the change was made; left out where it was. */
  readonly outcome?: 'unknown' | undefined;
}

interface AuditDeps {
  readonly log: Pick<Logger, 'log'>;
  readonly settings: Pick<Settings, 'logLevel'>;
}

/** Writes one line for a change that was made, or may have been; whatever LOG_LEVEL says, it is written. */
export function writeAudit({ log, settings }: AuditDeps, audit: Audit): void {
  const { logLevel } = settings;
  const level = logLevel === 'warn' || logLevel === 'error' ? logLevel : 'info';
  const which = audit.keyId === undefined ? '' : ` key ${audit.keyId} of`;
  const doubt = audit.outcome === 'unknown' ? ' (outcome unknown)' : '';
  log.log(level, `audit: ${audit.action},${which} consumer ${audit.consumer}${doubt}`, { audit });
}
