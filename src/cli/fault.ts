import { ConfigError, renderConfigError } from '../config/config-error.ts';
import { asTyped } from './as-typed.ts';
import { type CliIo, EXIT } from './io.ts';

/** The words of a call are wrong; leads to exit code 64 and the usage. */
export class UsageError extends Error {}

/**
 * Says why a command failed, and answers its exit code: a fault of the configuration, or of the words of the call, as
 * parseArgs or the command itself found it. Anything else is a bug and is thrown on.
 */
export function explainFault(command: string, usage: string, error: unknown, io: CliIo): number {
  if (error instanceof ConfigError) {
    io.err(renderConfigError(error));
    return EXIT.config;
  }
  if (!isUsageError(error)) throw error;
  io.err(`turnpike ${command}: ${error.message}\n\n${asTyped(usage, io.env)}`);
  return EXIT.usage;
}

function isUsageError(error: unknown): error is Error {
  if (error instanceof UsageError) return true;
  return error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS_');
}
