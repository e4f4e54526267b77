import { type Paint, PLAIN } from '../lib/paint.ts';
import { printableValue } from '../lib/printable.ts';
import type { Explanation, Step } from './explanation.ts';
import { wrap } from './wrap.ts';

const LABEL = 14;
const GOOD = '+';
const BAD = 'x';
const LATER = '.';

const LOST: Readonly<Record<string, string>> = {
  hosts: 'the host is another one',
  headers: 'a header field is missing or another one',
  pathRegex: 'the path does not match',
  exact: 'the path goes on behind it',
  methods: 'the method is another one',
};

/** An explanation for a person, in lines of 80 columns. */
export function renderExplanation(explanation: Explanation, paint: Paint = PLAIN): string {
  const told = printableValue(explanation);
  const blocks = [
    headline(told).map(told.outcome === 'passes' ? paint.good : paint.bad),
    requestLines(told),
    routeLines(told),
    told.steps.flatMap((step) => stepLines(step, told, paint)),
    tokenLines(told, paint),
    refusalLines(told),
    sentLines(told),
  ];
  return `${blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

function headline({ request, outcome, status, code, cache, target }: Explanation): string[] {
  const asked = `${request.method} ${request.asked}`;
  if (outcome === 'refused') return wrap(`${asked} would be refused: ${status} ${code}`);
  if (outcome === 'undecided') return wrap(`${asked} can't be told without asking`);
  if (status !== undefined) return wrap(`${asked} would be answered by the gateway itself: ${status}`);
  if (cache?.isGivenOut === true) return wrap(`${asked} would be answered from the cache`);
  return wrap(`${asked} would pass${target === undefined ? '' : ` to ${target}`}`);
}

function requestLines({ request, caller }: Explanation): string[] {
  const lines = [
    labelled('host', `${request.host} (${request.scheme})`),
    labelled('path', request.path),
    labelled('client', request.clientAddress),
  ];
  if (caller !== undefined) {
    const words = Object.entries(caller).filter(([, value]) => !(Array.isArray(value) && value.length === 0));
    lines.push(labelled('caller', words.map(([name, value]) => `${name} ${[value].flat().join(', ')}`).join('; ')));
  }
  return lines.flat();
}

function routeLines({ route, considered, nearest }: Explanation): string[] {
  const lines = [labelled('route', route ?? 'none')];
  for (const { route: name, prefix, lost } of considered) {
    if (lost !== null) lines.push(labelled('', `not ${name} (${prefix}): ${LOST[lost] ?? lost}`));
  }
  if (nearest !== undefined) {
    const why = nearest.wants === undefined ? '' : `, but for its ${nearest.wants}`;
    lines.push(labelled('', `probably meant: ${nearest.prefix}${why}`));
  }
  return lines.flat();
}

export function stepLines(
  { stage, decisions, refuses }: Step,
  { detail, detailForLog }: Pick<Explanation, 'detail' | 'detailForLog'>,
  paint: Paint = PLAIN,
): string[] {
  if (decisions === null) return [paint.dim(`${LATER} ${stage.padEnd(LABEL)}  not reached`)];
  const said = refuses && decisions.length === 0 ? [detailForLog ?? detail ?? 'refused'] : decisions;
  const [first = '', ...more] = said.length === 0 ? [''] : said;
  const mark = refuses ? BAD : GOOD;
  const lines = [
    ...wrap(`${mark} ${stage.padEnd(LABEL)}  ${first}`, LABEL + 4),
    ...more.flatMap((one) => wrap(`${' '.repeat(LABEL + 4)}${one}`, LABEL + 4)),
  ].map((line) => line.trimEnd());
  return refuses ? lines.map(paint.bad) : marked(lines, paint);
}

/** The mark alone has a colour: a page of them is no help. */
function marked([first = '', ...more]: readonly string[], { good, bad }: Paint): string[] {
  const colour = first.startsWith(BAD) ? bad : good;
  return [`${colour(first.slice(0, 1))}${first.slice(1)}`, ...more];
}

function tokenLines({ token = [] }: Explanation, paint: Paint): string[] {
  if (token.length === 0) return [];
  const lines = token.flatMap(({ claim, value, isGood, says }) =>
    marked(wrap(`${isGood ? GOOD : BAD} ${claim.padEnd(LABEL)}  ${value} (${says})`, LABEL + 4), paint),
  );
  return ['The token, as it was read:', ...lines];
}

function refusalLines(told: Explanation): string[] {
  if (told.outcome === 'passes') return [];
  if (told.outcome === 'undecided') return labelled('not known', told.detail ?? '');
  const { detail, detailForLog, advice, errors = [], refusalHeaders = [], retryAfterSeconds } = told;
  const lines = [labelled('client told', detail ?? '')];
  if (detailForLog !== undefined) lines.push(labelled('in the log', detailForLog));
  for (const entry of errors) lines.push(labelled('', Object.values(entry).join(' ')));
  for (const [name, value] of refusalHeaders) lines.push(labelled('', `${name}: ${value}`));
  if (retryAfterSeconds !== undefined) lines.push(labelled('', `Retry-After: ${retryAfterSeconds}`));
  if (advice !== undefined && advice !== detail) lines.push(labelled('to mend it', advice));
  return lines.flat();
}

function sentLines({ sends, timeouts, retry, breaker }: Explanation): string[] {
  if (sends === undefined) return [];
  const lines = [...wrap(`The service would get ${sends.method} ${sends.url}`)];
  for (const [name, value] of sends.headers) {
    const mark = sends.added.includes(name.toLowerCase()) ? GOOD : ' ';
    lines.push(...wrap(`${mark} ${name}: ${value}`, 4));
  }
  for (const name of sends.removed) lines.push(`- ${name}`);
  if (timeouts !== undefined) {
    const words = Object.entries(timeouts).map(([name, ms]) => `${name} ${ms === null ? 'off' : ms}`);
    lines.push(...wrap(`timeouts in ms: ${words.join(', ')}`, 2));
  }
  if (retry !== undefined) {
    const { attempts, on } = retry as { attempts?: number; on?: readonly string[] };
    lines.push(...wrap(`attempts: ${attempts}${on?.length ? `, again on ${on.join(', ')}` : ''}`, 2));
  }
  if (breaker !== undefined) lines.push(`circuit: ${String(breaker['state'])}`);
  return lines;
}

function labelled(label: string, text: string): string[] {
  return wrap(`  ${label.padEnd(LABEL)}  ${text}`, LABEL + 4);
}
