import { ConfigError, renderConfigError } from '../config/config-error.ts';
import { type CliIo, EXIT } from './io.ts';

/**
 * Says why a command failed, and answers its exit code: a fault of the configuration, or of the words of the call.
 * parseArgs, and what the commands check themselves, complain by TypeError; anything else is a bug and is thrown on.
 */
export function explainFault(command: string, usage: string, error: unknown, io: CliIo): number {
  if (error instanceof ConfigError) {
    io.err(renderConfigError(error));
    return EXIT.config;
  }
  if (!(error instanceof TypeError)) throw error;
  io.err(`turnpike ${command}: ${error.message}\n\n${usage}`);
  return EXIT.usage;
}
