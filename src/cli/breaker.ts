import { withoutControls } from '../lib/printable.ts';
import { askRunning, settingsHere } from './ask-running.ts';
import { AdminRefusal, CliFault, UsageError } from './cli-faults.ts';
import { colourFor } from './colour.ts';
import { renderColumns } from './columns.ts';
import { didYouMean } from './did-you-mean.ts';
import { type CliIo, print } from './io.ts';
import { perform } from './perform.ts';
import { BREAKER } from './table/operating.ts';

const STATES = ['open', 'closed', 'auto'] as const;

/** A circuit as the admin port tells it. */
interface Told {
  readonly name: string;
  readonly state: string;
  readonly isForced?: boolean;
  readonly calls?: number;
  readonly failures?: number;
  readonly retryAfterSeconds?: number;
}

/** `turnpike breaker`: shows circuits, holds one, or gives it back. Resolves to the exit code. */
export async function runBreaker(argv: readonly string[], io: CliIo): Promise<number> {
  return perform(BREAKER, argv, io, async ({ values: { admin, json }, positionals }) => {
    const [name, state, ...more] = positionals;
    if (more.length > 0) throw new UsageError('one circuit at a time');
    if (state !== undefined && !STATES.some((one) => one === state))
      throw new UsageError(`a circuit is ${STATES.join(', ')}, and not "${withoutControls(state)}"`);
    const told = name === undefined ? await list(io, admin) : await one(io, { name, state, admin });
    if (json) return print(io, `${JSON.stringify(told, null, 2)}\n`);
    return print(io, render([told].flat(), io));
  });
}

async function list(io: CliIo, origin: string | undefined): Promise<readonly Told[]> {
  const state = await askRunning(io, settingsHere(io), { method: 'GET', path: '/state', origin });
  return (state as { breakers?: readonly Told[] }).breakers ?? [];
}

interface Asked {
  readonly name: string;
  readonly state: string | undefined;
  readonly admin: string | undefined;
}

async function one(io: CliIo, { name, state, admin }: Asked): Promise<Told> {
  const path = `/breakers/${encodeURIComponent(name)}${state === undefined ? '' : `?state=${state}`}`;
  try {
    const method = state === undefined ? 'GET' : 'POST';
    return (await askRunning(io, settingsHere(io), { method, path, origin: admin })) as Told;
  } catch (error) {
    if (!(error instanceof AdminRefusal) || error.status !== 404) throw error;
    const { breakers = [] } = error.body as { breakers?: readonly string[] };
    const known = breakers.length === 0 ? 'there is none' : `there are ${breakers.join(', ')}`;
    throw new CliFault(`there is no circuit "${name}"${didYouMean(name, breakers)}: ${known}`, 'failed', {
      cause: error,
    });
  }
}

function render(all: readonly Told[], io: CliIo): string {
  if (all.length === 0) return 'no circuits\n';
  const { bold, bad } = colourFor(io, 'out');
  const [head = '', ...lines] = renderColumns([
    ['CIRCUIT', 'STATE', 'CALLS', 'FAILED', 'TRIED AGAIN'],
    ...all.map(({ name, state, isForced = false, calls, failures, retryAfterSeconds }) => [
      name,
      isForced ? `${state} (held)` : state,
      String(calls ?? '-'),
      String(failures ?? '-'),
      isForced || retryAfterSeconds === undefined ? '-' : `in ${retryAfterSeconds} s`,
    ]),
  ]);
  const rows = lines.map((line, at) => (all[at]?.state === 'closed' ? line : bad(line)));
  return `${[bold(head), ...rows].join('\n')}\n`;
}
