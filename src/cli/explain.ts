import { resolve } from 'node:path';
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
import { askAdmin } from './ask-admin.ts';
import { NobodyThere, UsageError } from './cli-faults.ts';
import { colourFor } from './colour.ts';
import { type CliIo, EXIT } from './io.ts';
import { perform } from './perform.ts';
import { EXPLAIN } from './table/trying.ts';

/** `turnpike explain …`: what would become of a request, and why. */
export async function runExplain(argv: readonly string[], io: CliIo): Promise<number> {
  const { own, curl } = splitAtCurl(argv);
  return perform(EXPLAIN, own, io, async ({ values, positionals }) => {
    const asked = curl === undefined ? readWords(positionals, values.header, values.data) : readCurl(curl);
    const question = parseQuestion({
      ...asked,
      ask: values.ask,
      ...(values.address !== undefined && { address: values.address }),
    });
    loadDotEnv(process.cwd());
    const settings = parseSettings(io.env, readDotEnv(process.cwd(), io.env));
    const told = await ask(question, settings, values, io);
    io.out(values.json ? `${printableJson(told, 2)}\n` : renderExplanation(told, colourFor(io, 'out')));
    return exitOf(told);
  });
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

/** The gateway that runs, else the file. */
async function ask(question: Question, settings: Settings, { file, admin }: Where, io: CliIo): Promise<Explanation> {
  const offline = (path: string) => explainFromFile(question, settings, path, io.env);
  if (file !== undefined) return offline(resolve(file));
  try {
    const asking = { method: 'POST', path: '/explain', body: question, origin: admin } as const;
    return (await askAdmin(settings, asking)) as Explanation;
  } catch (error) {
    if (!(error instanceof NobodyThere) || admin !== undefined) throw error;
    io.err(`No gateway runs (${error.message}): this is ${settings.routesFile} as it would start.\n\n`);
    return offline(settings.routesFile);
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
