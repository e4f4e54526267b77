import { KeyFault } from '../auth/key-changes.ts';
import { loadDotEnv } from '../config/env.ts';
import { type Clock, systemClock } from '../lib/clock.ts';
import { withoutControls } from '../lib/printable.ts';
import { asTyped } from './as-typed.ts';
import { UsageError } from './cli-faults.ts';
import type { CommandSpec } from './command.ts';
import { didYouMean } from './did-you-mean.ts';
import { type CliIo, EXIT } from './io.ts';
import { KEY_ACTIONS, type KeyAction, type KeyOptions, type KeyOutcome } from './key-actions.ts';
import { readPassword } from './key-password.ts';
import { type KeyPlace, openKeyPlace } from './key-place.ts';
import { KeyStoreError } from './key-store.ts';
import { type Parsed, perform } from './perform.ts';
import { withProgress } from './progress.ts';
import { KEY } from './table/keys.ts';

/** `turnpike key …`: makes, lists, rotates and revokes API keys. Resolves to the exit code. */
export async function runKey(argv: readonly string[], io: CliIo, clock: Clock = systemClock): Promise<number> {
  return perform(KEY, argv, io, async ({ values, positionals }) => {
    const action = chooseAction(positionals);
    checkOptions(action.name, Object.keys(values));
    loadDotEnv(process.cwd());
    const acting = act(action, await readOptions(values, io), io, clock.now());
    return report(await withProgress(io, `key ${action.name}`, acting.catch(inOurWords)), io);
  });
}

interface Chosen {
  readonly name: string;
  readonly act: KeyAction;
}

function chooseAction([name, ...rest]: readonly string[]): Chosen {
  const names = Object.keys(KEY_ACTIONS);
  if (name === undefined) throw new UsageError(`say what: ${names.join(', ')}`);
  const chosen = Object.hasOwn(KEY_ACTIONS, name) ? KEY_ACTIONS[name] : undefined;
  if (chosen === undefined) throw new UsageError(`there is no "${withoutControls(name)}"${didYouMean(name, names)}`);
  if (rest.length > 0) throw new UsageError(`${name} takes no more words`);
  return { name, act: chosen };
}

/** Options of one action that another has no use for would be left out without a word. */
function checkOptions(action: string, given: readonly string[]): void {
  const spec: CommandSpec | undefined = KEY.commands.find(({ name }) => name === `key ${action}`);
  const strange = given.find((name) => !Object.hasOwn(spec?.options ?? {}, name));
  if (strange !== undefined) throw new UsageError(`it has no option "--${strange}"`);
}

function inOurWords(error: unknown): never {
  throw error instanceof KeyFault ? new KeyStoreError(error.message, 'failed', { cause: error }) : error;
}

async function readOptions(values: Parsed<typeof KEY>['values'], io: CliIo): Promise<KeyOptions> {
  if (!values['password-stdin']) return values;
  return { ...values, password: true, chosenPassword: await readPassword(io) };
}

async function act(action: Chosen, options: KeyOptions, io: CliIo, nowMs: number): Promise<KeyOutcome> {
  if (options.admin !== undefined) {
    // Only who asks a gateway pays for the client.
    const { runByAdmin } = await import('./key-admin.ts');
    return runByAdmin(action.name, options.admin, io.env['ADMIN_TOKEN'], options, nowMs);
  }
  const place = await openKeyPlace(options, io);
  try {
    const outcome = await action.act(place, options, nowMs);
    warnOfPlan(place, options, io);
    return outcome;
  } finally {
    await place.store.close();
  }
}

/** Where the plans may be elsewhere, one that is not found is no mistake yet. */
function warnOfPlan({ plans, isPart }: KeyPlace, { plan }: KeyOptions, io: CliIo): void {
  if (plan === undefined || plans?.has(plan)) return;
  if (plans === undefined) {
    io.err(`turnpike key: no routes file is here, so whether there is a plan "${plan}" was not checked\n`);
  } else if (isPart) {
    const hint = 'the gateway refuses the file where none of its other files has one (ROUTES_FILE names them here)';
    io.err(`turnpike key: there is no plan "${plan}" in this file, which is a part of others: ${hint}\n`);
  }
}

/** Prints what was done; where nobody takes it, says what that means. */
async function report({ text, ifUnread }: KeyOutcome, io: CliIo): Promise<number> {
  if ((await io.out(text)) !== false) return EXIT.ok;
  if (ifUnread !== undefined) io.err(`turnpike key: ${asTyped(ifUnread, io.env)}\n`);
  return EXIT.failed;
}
