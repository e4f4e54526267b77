import { LEVELS } from '../log/level.ts';
import { DURATION_UNITS, parseDurationMs } from '../schema-values.ts';
import { askRunning, settingsHere } from './ask-running.ts';
import { UsageError } from './cli-faults.ts';
import { didYouMean } from './did-you-mean.ts';
import { type CliIo, print } from './io.ts';
import { perform } from './perform.ts';
import { LOG_LEVEL } from './table/operating.ts';

/** What the admin port answers. */
interface LevelAnswer {
  readonly level: string;
  readonly until?: string;
  readonly afterwards?: string;
  readonly configured: string;
}

/** `turnpike log-level [LEVEL]`: shows or sets it. Resolves to the exit code. */
export async function runLogLevel(argv: readonly string[], io: CliIo): Promise<number> {
  return perform(LOG_LEVEL, argv, io, async ({ values, positionals }) => {
    const question = readQuestion(positionals, values.for);
    const answer = (await askRunning(io, settingsHere(io), { ...question, origin: values.admin })) as LevelAnswer;
    return print(io, values.json ? `${JSON.stringify(answer, null, 2)}\n` : render(answer));
  });
}

function readQuestion([level, ...more]: readonly string[], duration: string | undefined) {
  if (more.length > 0) throw new UsageError('one level');
  if (level === undefined) {
    if (duration !== undefined) throw new UsageError('--for needs a level');
    return { method: 'GET', path: '/log-level' } as const;
  }
  if (!LEVELS.some((one) => one === level)) {
    throw new UsageError(`the level is one of ${LEVELS.join(', ')}${didYouMean(level, LEVELS)}`);
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
