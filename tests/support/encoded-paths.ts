import { createRandom } from './random.ts';

/** Services that decode a path more than once, in the variants that were met, and paths made to lead them astray. */

type Decode = (path: string) => string | undefined;

/** As decodeURIComponent and most frameworks: the first malformed escape, or octet that is no UTF-8, ends it. */
const strict: Decode = (path) => {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
};

/** As PHP's rawurldecode or Python's unquote: octet by octet, what is malformed stays, overlong dots are dots. */
const lax: Decode = (path) =>
  path
    .replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    .replace(/\u00c0([\u00ae\u00af])/g, (_, low: string) => (low === '\u00ae' ? '.' : '/'));

/** RFC 3986, section 5.2.4; undefined where it climbs above the root. */
function resolve(path: string): string | undefined {
  const kept: string[] = [];
  for (const segment of path.split('/').slice(1)) {
    if (segment === '..') {
      if (kept.pop() === undefined) return undefined;
    } else if (segment !== '.') kept.push(segment);
  }
  return `/${kept.join('/')}`;
}

type Step = (path: string) => string | undefined;
const STEPS: readonly Step[] = [
  (path) => path,
  resolve,
  (path) => resolve(path.replace(/\/+/g, '/')),
  (path) => resolve(path.replaceAll('\\', '/')),
  (path) => resolve(path.replace(/;[^/]*/g, '').replace(/\/+/g, '/')),
  (path) => resolve(path.replace(/%2e/gi, '.')),
  (path) => resolve(path.slice(0, `${path}\0`.indexOf('\0'))),
  // What parses a decoded path as a URL.
  (path) => resolve(path.replace(/[?#].*$/s, '')),
];

/** All texts that a service may hold after up to four decodings; undefined where it would have climbed. */
function textsOf(path: string, decode: Decode, between: Step): (string | undefined)[] {
  const texts: (string | undefined)[] = [path];
  let text: string | undefined = path;
  for (let decodings = 0; decodings < 4 && text !== undefined; decodings += 1) {
    const stepped = between(text);
    text = stepped === undefined ? undefined : decode(stepped);
    if (text !== undefined || stepped === undefined) texts.push(text);
  }
  return texts;
}

/** All paths that some service ends up with; undefined among them where one would climb above its root. */
export function endings(path: string): Set<string | undefined> {
  const texts = new Set([strict, lax].flatMap((decode) => STEPS.flatMap((between) => textsOf(path, decode, between))));
  return new Set([...texts].flatMap((text) => (text === undefined ? text : STEPS.slice(1).map((last) => last(text)))));
}

/** An octet escaped `times` times over: `%252e`. */
const escaped = (octet: string, times: number) => `%${'25'.repeat(times - 1)}${octet}`;
const OCTETS = ['2e', '2E', '2f', '2F', '5c', '3b', '61', '00', '0a', '25', 'c0', 'ae', '3f', '7a'];
const PARTS = [
  ...['/', '//', '.', '..', '...', ';', ';x', '..;', 'x', 'pub', 'admin', 'keep', 'a', '%', '%2', '%zz', '%u002e'],
  ...['%c0%ae', '%e0%80%ae', '%c0%af', '%25c0%25ae', '%c3%a9', '%20', '.%2e', '%2e.', '..%2f', '%2f%2f', '\\', '~'],
  ...OCTETS.flatMap((octet) => [1, 2, 3, 4, 5].map((times) => escaped(octet, times))),
];
/** Paths that begin with one of `starts` and go on with encodings of dots, slashes and the rest. */
export function* encodedPaths(seed: number, starts: readonly string[], count: number): Generator<string> {
  const random = createRandom(seed);
  const pick = <T>(list: readonly T[]) => list[Math.floor(random() * list.length)] as T;
  let few: readonly string[] = [];
  for (let sample = 0; sample < count; sample += 1) {
    // A few parts at a time: what it takes several of to go wrong comes up often.
    if (sample % 100 === 0) few = ['/', 'admin', ...Array.from({ length: 5 }, () => pick(PARTS))];
    const parts = Array.from({ length: 1 + random() * 8 }, () => pick(few));
    yield pick(starts) + pick(['/', '/', '']) + parts.join('');
  }
}
