import { ConfigError, renderConfigError } from '../config/config-error.ts';
import { printableLines } from '../lib/printable.ts';
import { asTyped } from './as-typed.ts';
import { AdminFault, AdminRefusal, CliFault, UsageError } from './cli-faults.ts';
import type { CommandSpec } from './command.ts';
import { type CliIo, EXIT } from './io.ts';

/**
 * Says why a command failed, and answers its exit code: a fault of the configuration, of the words of the call, or what
 * the gateway says. Anything else is a bug and is thrown on.
 */
export function explainFault(spec: Pick<CommandSpec, 'name' | 'usage'>, error: unknown, io: CliIo): number {
  if (error instanceof ConfigError) {
    io.err(renderConfigError(error));
    return EXIT.config;
  }
  const [command] = spec.name.split(' ', 1);
  if (error instanceof UsageError) {
    const calls = spec.usage.map((call) => `  turnpike ${call}\n`).join('');
    const more = `turnpike help ${spec.name} says more.\n`;
    io.err(`turnpike ${command}: ${error.message}\n\n${asTyped(`Usage:\n${calls}\n${more}`, io.env)}`);
    return EXIT.usage;
  }
  if (!(error instanceof CliFault || error instanceof AdminFault)) throw error;
  io.err(`turnpike ${command}: ${asTyped(printableLines(error.message), io.env)}\n`);
  return error instanceof CliFault ? EXIT[error.exit] : exitOfAdmin(error);
}

/** A token that is not taken is a setting that is wrong, here or there. */
function exitOfAdmin(error: AdminFault): number {
  if (!(error instanceof AdminRefusal)) return EXIT.unavailable;
  if (error.status === 401 || error.status === 403) return EXIT.config;
  return error.status >= 500 ? EXIT.unavailable : EXIT.failed;
}
