import { spawn } from 'node:child_process';

/**
 * What must be green before a commit: `npm run check`. Two lanes at once, since most machines have two cores; what a
 * step has written is shown in one piece, and nothing of one that went well but the dots of tests.
 */
const TESTS = ['node', '--test', '--test-isolation=none', '--test-reporter=dot'];
const LANES: readonly (readonly (readonly string[])[])[] = [
  [
    ['npm', 'run', '-s', 'lint'],
    ['tsc', '-p', '.'],
    ['tsc', '-p', 'src/dashboard/page'],
    ['npm', 'run', '-s', 'unused'],
    [...TESTS, 'tests/architecture.test.ts', 'tests/project/**/*.test.ts'],
  ],
  [[...TESTS, 'tests/unit/**/*.test.ts']],
];

const results = await Promise.all(LANES.map(runLane));
process.exitCode = results.every((isGreen) => isGreen) ? 0 : 1;

async function runLane(steps: (typeof LANES)[number]): Promise<boolean> {
  let isGreen = true;
  // All of them, so that one run tells all that is wrong.
  for (const step of steps) isGreen = (await runStep(step)) && isGreen;
  return isGreen;
}

function runStep([command = '', ...args]: readonly string[]): Promise<boolean> {
  return new Promise((resolve) => {
    const startedAtMs = performance.now();
    const written: Buffer[] = [];
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => written.push(chunk));
    child.on('error', (error) => written.push(Buffer.from(`${error.message}\n`)));
    child.on('close', (code) => {
      const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(1);
      const said = Buffer.concat(written).toString();
      const name = [command, ...args].join(' ');
      process.stdout.write(code === 0 ? `ok    ${seconds} s  ${name}\n` : `${said}\nFAILED ${seconds} s  ${name}\n`);
      resolve(code === 0);
    });
  });
}
