import type { Logger } from 'winston';

/** Writes what an operator has done; whatever the level of the log, it is written. */
export function writeAuditLine(log: Pick<Logger, 'log' | 'level'>, text: string, audit: object): void {
  const level = log.level === 'warn' || log.level === 'error' ? log.level : 'info';
  log.log(level, `audit: ${text}`, { audit });
}
