import { parseArgs } from 'node:util';
import { KeyFault } from '../auth/key-changes.ts';
import { ConfigError, renderConfigError } from '../config/config-error.ts';
import { loadDotEnv } from '../config/env.ts';
import { type Clock, systemClock } from '../lib/clock.ts';
import { asTyped } from './as-typed.ts';
import { type CliIo, EXIT } from './io.ts';
import { KEY_ACTIONS, type KeyAction, type KeyOptions, type KeyOutcome } from './key-actions.ts';
import { readPassword } from './key-password.ts';
import { type KeyPlace, openKeyPlace } from './key-place.ts';
import { KeyStoreError } from './key-store.ts';

const USAGE = `Usage:
  turnpike key create --consumer NAME [--id ID] [--expires 90d] [--scopes a,b] [--key-metadata NAME=VALUE]
  turnpike key create --consumer NAME --password       a password for "basic" instead of a key
  turnpike key list   [--consumer NAME]
  turnpike key rotate --consumer NAME [--id ID] [--overlap 24h] [--expires 90d]
  turnpike key revoke --consumer NAME [--id ID | --all]

  create also says of the consumer: --plan PLAN, --groups a,b, --roles a,b,
  --consumer-scopes a,b, --metadata NAME=VALUE (again for each)

  --file FILE       the routes file (default: ROUTES_FILE, or routes.json), with routes.d beside it
  --redis           consumers in Redis (REDIS_URL); where the file says consumerStore "redis" it is understood
  --admin URL       by the admin port of a gateway whose consumers are in Redis (ADMIN_TOKEN)
  --password-stdin  with --password: one of your choosing, as the first line of standard input
  --scopes          of the key: some of its consumer's; all of them where it is left out
  --expires         how long the key lives, or "never"; a rotated key ends when the old one did

A key is shown once, when it is made; only its hash is stored. A running
gateway notices the change by itself.
`;

const OPTIONS = {
  consumer: { type: 'string' },
  id: { type: 'string' },
  file: { type: 'string' },
  redis: { type: 'boolean' },
  expires: { type: 'string' },
  overlap: { type: 'string' },
  roles: { type: 'string' },
  plan: { type: 'string' },
  admin: { type: 'string' },
  groups: { type: 'string' },
  scopes: { type: 'string' },
  'consumer-scopes': { type: 'string' },
  metadata: { type: 'string', multiple: true },
  'key-metadata': { type: 'string', multiple: true },
  all: { type: 'boolean' },
  password: { type: 'boolean' },
  'password-stdin': { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** `turnpike key …`: makes, lists, rotates and revokes API keys. Resolves to the exit code. */
export async function runKey(argv: readonly string[], io: CliIo, clock: Clock = systemClock): Promise<number> {
  let parsed: ReturnType<typeof parseOptions>;
  try {
    parsed = parseOptions(argv);
  } catch (error) {
    io.err(`turnpike key: ${(error as Error).message}\n\n${asTyped(USAGE, io.env)}`);
    return EXIT.usage;
  }
  const { values, positionals } = parsed;
  const [name = '', ...rest] = positionals;
  const action = Object.hasOwn(KEY_ACTIONS, name) ? KEY_ACTIONS[name] : undefined;
  if (values.help) {
    io.out(asTyped(USAGE, io.env));
    return EXIT.ok;
  }
  if (action === undefined || rest.length > 0) {
    io.err(asTyped(USAGE, io.env));
    return EXIT.usage;
  }
  return runAction({ name, act: action }, values, io, clock.now());
}

interface Chosen {
  readonly name: string;
  readonly act: KeyAction;
}

async function runAction(action: Chosen, values: Values, io: CliIo, nowMs: number): Promise<number> {
  try {
    loadDotEnv(process.cwd());
    return await report(await act(action, await readOptions(values, io), io, nowMs), io);
  } catch (error) {
    if (error instanceof ConfigError) {
      io.err(renderConfigError(error));
      return EXIT.config;
    }
    if (!(error instanceof KeyStoreError || error instanceof KeyFault)) throw error;
    io.err(`turnpike key: ${asTyped(error.message, io.env)}\n`);
    return EXIT.failed;
  }
}

async function readOptions(values: Values, io: CliIo): Promise<KeyOptions> {
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

type Values = ReturnType<typeof parseOptions>['values'];

function parseOptions(argv: readonly string[]) {
  return parseArgs({ args: [...argv], options: OPTIONS, allowPositionals: true, strict: true });
}
