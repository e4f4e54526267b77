import { parseArgs } from 'node:util';
import { loadDotEnv, parseSettings, readDotEnv } from '../config/env.ts';
import { LEVELS } from '../log/level.ts';
import { findNearest } from '../nearest-word.ts';
import { DURATION_UNITS, parseDurationMs } from '../schema-values.ts';
import { asTyped } from './as-typed.ts';
import { AdminRefusal, askAdmin, NobodyThere } from './ask-admin.ts';
import { explainFault, UsageError } from './fault.ts';
import { type CliIo, EXIT } from './io.ts';

const USAGE = `Usage:
  turnpike log-level
  turnpike log-level error|warn|info|debug [--for 10m]

Says how much the gateway that runs logs, or changes that without a restart. A
reload keeps it, a restart goes back to LOG_LEVEL.

  --for 10m        for so long (at most 24h), and then what was there before
  --admin URL      the admin port of the gateway to ask (ADMIN_PORT, ADMIN_TOKEN)
  --json           the answer, for a program

Exit code: 0 done, 1 nobody could be asked, 64 a wrong call, 78 faults in the
settings.
`;

const OPTIONS = {
  for: { type: 'string' },
  admin: { type: 'string' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h' },
} as const;

/** What the admin port answers. */
interface LevelAnswer {
  readonly level: string;
  readonly until?: string;
  readonly afterwards?: string;
  readonly configured: string;
}

/** `turnpike log-level [LEVEL]`: shows or sets it. Resolves to the exit code. */
export async function runLogLevel(argv: readonly string[], io: CliIo): Promise<number> {
  try {
    const { values, positionals } = parseArgs({ args: [...argv], options: OPTIONS, allowPositionals: true });
    if (values.help) {
      io.out(asTyped(USAGE, io.env));
      return EXIT.ok;
    }
    const question = readQuestion(positionals, values.for);
    loadDotEnv(process.cwd());
    const settings = parseSettings(io.env, readDotEnv(process.cwd(), io.env));
    const answer = (await askAdmin(settings, { ...question, origin: values.admin })) as LevelAnswer;
    io.out(values.json ? `${JSON.stringify(answer, null, 2)}\n` : render(answer));
    return EXIT.ok;
  } catch (error) {
    if (!(error instanceof NobodyThere || error instanceof AdminRefusal))
      return explainFault('log-level', USAGE, error, io);
    io.err(`turnpike log-level: ${error.message}\n`);
    return EXIT.failed;
  }
}

function readQuestion([level, ...more]: readonly string[], duration: string | undefined) {
  if (more.length > 0) throw new UsageError('one level');
  if (level === undefined) {
    if (duration !== undefined) throw new UsageError('--for needs a level');
    return { method: 'GET', path: '/log-level' } as const;
  }
  if (!LEVELS.some((one) => one === level)) {
    const nearest = findNearest(level, LEVELS);
    const hint = nearest === undefined ? '' : ` (did you mean "${nearest}"?)`;
    throw new UsageError(`the level is one of ${LEVELS.join(', ')}${hint}`);
  }
  if (duration !== undefined && parseDurationMs(duration) === undefined)
    throw new UsageError(`--for takes a duration such as 10m (units: ${DURATION_UNITS})`);
  const query = new URLSearchParams({ level, ...(duration !== undefined && { for: duration }) });
  return { method: 'POST', path: `/log-level?${query}` } as const;
}

function render({ level, until, afterwards, configured }: LevelAnswer): string {
  if (until !== undefined) return `${level} until ${until}, then ${afterwards}\n`;
  return level === configured ? `${level}\n` : `${level} (LOG_LEVEL says ${configured})\n`;
}
