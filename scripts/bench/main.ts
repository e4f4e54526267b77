/**
 * Compares Turnpike with its peers, side by side in one run: `npm run bench -- --quick` for a minute's run.
 *
 * --quick         the table of CPU per request, short rounds
 * --only ID,ID    these contestants alone (ids are in contestants.ts)
 * --rounds N, --seconds N
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Arena } from './arena.ts';
import { measureBars } from './bars.ts';
import { CONTESTANTS, type Contestant } from './contestants.ts';
import { installPeers } from './install.ts';
import { measure, type Plan } from './measure.ts';
import { startRedis } from './redis.ts';
import { type Bar, barsOf, type Report, renderBars, renderFigures, saveReport } from './report.ts';
import { startService } from './service.ts';
import { createCredential } from './token.ts';
import { describeMachine, describeMissing, findTools } from './tools.ts';

const NOT_BUILT = ['idle WebSockets', 'several workers'];

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
  },
});

await bench();

async function bench(): Promise<void> {
  installPeers();
  const tools = findTools();
  const folder = mkdtempSync(join(tmpdir(), 'turnpike-bench-'));
  const notes = [...describeMissing(tools), ...NOT_BUILT.map((feature) => `not built, so not measured: ${feature}`)];
  for (const note of notes) console.log(`- ${note}`);
  const service = await startService(folder, tools);
  const redis = await startRedis(folder, tools);
  const arena: Arena = {
    folder,
    tools,
    serviceUrl: service.origin,
    redisUrl: redis?.url,
    credential: createCredential(),
  };
  try {
    const plan = planOf(values.quick);
    const figures = await measure(chosen(arena), plan, arena);
    console.log(`\n${renderFigures(figures)}\n`);
    const more: Bar[] = values.quick || values.only !== undefined ? [] : await measureBars(arena, figures);
    const bars = [...barsOf(figures), ...more];
    console.log(`${renderBars(bars)}\n`);
    const report: Report = { at: new Date().toISOString(), machine: describeMachine(), notes, plan, figures, bars };
    console.log(`written to ${saveReport(report)}`);
  } finally {
    await redis?.stop();
    await service.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function planOf(quick: boolean): Plan {
  const plan = quick
    ? { warmUpRequests: 8_000, rounds: 3, secondsPerRound: 2 }
    : { warmUpRequests: 40_000, rounds: 5, secondsPerRound: 5 };
  return {
    ...plan,
    ...(values.rounds !== undefined && { rounds: Number(values.rounds) }),
    ...(values.seconds !== undefined && { secondsPerRound: Number(values.seconds) }),
  };
}

function chosen(arena: Arena): Contestant[] {
  const only = values.only?.split(',');
  return CONTESTANTS.filter((contestant) => {
    if (!contestant.isPossible(arena)) return false;
    return only === undefined ? !(values.quick && contestant.fullOnly === true) : only.includes(contestant.id);
  });
}
