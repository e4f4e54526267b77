import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { loadDotEnv, parseSettings, readDotEnv } from '../config/env.ts';
import { type CurlRequest, parseCurl } from '../explain/curl.ts';
import type { Explanation } from '../explain/explanation.ts';
import { explainFromFile } from '../explain/offline.ts';
import { type Question, questionSchema } from '../explain/question.ts';
import { renderExplanation } from '../explain/render.ts';
import { isMethod } from '../lib/methods.ts';
import { printableJson } from '../lib/printable.ts';
import type { Settings } from '../settings.ts';
import { asTyped } from './as-typed.ts';
import { askAdmin, NobodyThere } from './ask-admin.ts';
import { explainFault, UsageError } from './fault.ts';
import { type CliIo, EXIT } from './io.ts';

const USAGE = `Usage:
  turnpike explain [METHOD] URL [-H 'Name: value'] [-d BODY] [options]
  turnpike explain [options] -- curl ...

Says what would become of a request, and why: the route and why others lost, what
each stage decides, the token claim by claim, the limits, the target, and what the
service would get. Nothing is counted or stored, and no service is asked but with --ask.

It asks the running gateway (ADMIN_PORT, ADMIN_TOKEN); where none runs, or with
--file, it reads the routes file itself, and every limit and circuit is new.

  -H, --header   a field, more than once
  -d, --data     the body; the method is POST then
  --address IP   the other end of the connection (default 127.0.0.1)
  --ask          ask auth services and introspection about the caller
  --file FILE    explain this routes file, whatever runs
  --admin URL    the admin port of the gateway to ask
  --json         all of it, for a program

Exit code: 0 it passes, 4 refused with a 4xx, 5 with a 5xx, 1 it can't be told without
--ask, or nobody could be asked, 64 a wrong call, 78 faults in the file.
`;

const OPTIONS = {
  header: { type: 'string', short: 'H', multiple: true },
  data: { type: 'string', short: 'd' },
  address: { type: 'string' },
  ask: { type: 'boolean', default: false },
  file: { type: 'string' },
  admin: { type: 'string' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h' },
} as const;

/** `turnpike explain …`: what would become of a request, and why. */
export async function runExplain(argv: readonly string[], io: CliIo): Promise<number> {
  try {
    const { own, curl } = splitAtCurl(argv);
    const { values, positionals } = parseArgs({ args: [...own], options: OPTIONS, allowPositionals: true });
    if (values.help) {
      io.out(asTyped(USAGE, io.env));
      return EXIT.ok;
    }
    const asked = curl === undefined ? readWords(positionals, values.header, values.data) : readCurl(curl);
    const question = parseQuestion({
      ...asked,
      ask: values.ask,
      ...(values.address !== undefined && { address: values.address }),
    });
    loadDotEnv(process.cwd());
    const settings = parseSettings(io.env, readDotEnv(process.cwd(), io.env));
    const told = await ask(question, settings, values, io);
    if (told === undefined) return EXIT.failed;
    io.out(values.json ? `${printableJson(told, 2)}\n` : renderExplanation(told));
    return exitOf(told);
  } catch (error) {
    return explainFault('explain', USAGE, error, io);
  }
}

function exitOf({ outcome, status = 500 }: Explanation): number {
  if (outcome === 'undecided') return EXIT.failed;
  return outcome === 'passes' ? EXIT.ok : Math.floor(status / 100);
}

/** Our own words, and those behind the word `curl`, which stands first or behind `--`. */
function splitAtCurl(argv: readonly string[]): { own: readonly string[]; curl: readonly string[] | undefined } {
  const at = argv.indexOf('curl');
  if (at < 0 || (at > 0 && argv[at - 1] !== '--')) return { own: argv, curl: undefined };
  return { own: argv.slice(0, Math.max(0, at - 1)), curl: argv.slice(at + 1) };
}

interface Where {
  readonly file?: string | undefined;
  readonly admin?: string | undefined;
}

/** The gateway that runs, else the file; undefined where neither can be asked. */
async function ask(
  question: Question,
  settings: Settings,
  { file, admin }: Where,
  io: CliIo,
): Promise<Explanation | undefined> {
  if (file !== undefined) return explainFromFile(question, settings, resolve(file), io.env);
  try {
    return (await askAdmin(settings, {
      method: 'POST',
      path: '/explain',
      body: question,
      origin: admin,
    })) as Explanation;
  } catch (error) {
    if (!(error instanceof NobodyThere)) {
      io.err(`turnpike explain: ${(error as Error).message}\n`);
      return undefined;
    }
    if (admin !== undefined) {
      io.err(`turnpike explain: ${error.message}\n`);
      return undefined;
    }
    io.err(`No gateway runs (${error.message}): this is ${settings.routesFile} as it would start.\n\n`);
    return explainFromFile(question, settings, settings.routesFile, io.env);
  }
}

function readCurl(words: readonly string[]): CurlRequest {
  try {
    return parseCurl(words);
  } catch (error) {
    throw new UsageError(`curl ${(error as Error).message}`);
  }
}

function readWords(words: readonly string[], headers: readonly string[] = [], data: string | undefined): CurlRequest {
  const [first, second, ...more] = words;
  if (first === undefined || more.length > 0) throw new UsageError('one URL, with a method before it if need be');
  const [method, url] = second === undefined ? [undefined, first] : [first, second];
  if (method === undefined && isMethod(first)) throw new UsageError(`a URL is missing behind ${first}`);
  const shape = [
    ['-g', '--path-as-is'],
    method === undefined ? [] : ['-X', method.toUpperCase()],
    data === undefined ? [] : ['-d', data],
  ];
  return readCurl([...shape.flat(), ...headers.flatMap((one) => ['-H', one]), url]);
}

function parseQuestion(asked: object): Question {
  const parsed = questionSchema.safeParse(asked);
  if (parsed.success) return parsed.data;
  throw new UsageError(z.prettifyError(parsed.error));
}
