import { resolve } from 'node:path';
import { ConfigError, renderConfigError } from '../config/config-error.ts';
import { loadDotEnv, parseSettings } from '../config/env.ts';
import { loadRoutes } from '../config/load.ts';
import { type CliIo, EXIT } from './io.ts';

/** `turnpike check [file]`: one line when everything is right, else every fault and exit code 78. */
export async function runCheck(argv: readonly string[], io: CliIo): Promise<number> {
  const [file, ...rest] = argv;
  if (rest.length > 0 || file?.startsWith('-')) {
    io.err('Usage: turnpike check [file]\nWithout a file it checks the one that ROUTES_FILE names, or routes.json.\n');
    return EXIT.usage;
  }
  try {
    loadDotEnv(process.cwd());
    const settings = parseSettings(io.env);
    const { config, files } = loadRoutes(file === undefined ? settings.routesFile : resolve(file), { env: io.env });
    io.out(`ok: ${count(config.routes.length, 'route')} in ${count(files.length, 'file')}\n`);
    return EXIT.ok;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    io.err(renderConfigError(error));
    return EXIT.config;
  }
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
