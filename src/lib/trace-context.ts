/**
 * W3C Trace Context: `traceparent` is version - trace id - parent id - flags (section 3.2); ids of zeros are invalid.
 * Of version 00 nothing may follow.
 */
const TRACEPARENT = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;
/** Of a later version what is known is read, and whatever follows is not (section 3.2.2.4); there is no version ff. */
const LATER = /^(?!00|ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-|$)/;
const TRACE_ID_START = 3;
const TRACE_ID_END = 35;
const PARENT_ID_END = 52;

const SAMPLED = 1;
/** The trace id is random (Trace Context Level 2, section 3.2.2.5.2); the only other flag that has a meaning. */
const RANDOM = 2;

type Field = string | string[] | undefined;

/** What a caller says of its trace, in the words of version 00; undefined where that is nothing, or nothing valid. */
export function readTraceparent(given: Field): string | undefined {
  if (typeof given !== 'string') return undefined;
  if (TRACEPARENT.test(given))
    return given.endsWith('-00') || given.endsWith('-01') ? given : withFlags(given, SAMPLED | RANDOM);
  return LATER.test(given) ? withFlags(given, SAMPLED) : undefined;
}

/** Flags that have no meaning yet are not passed on (section 3.2.2.5.2). */
function withFlags(given: string, known: number): string {
  const flags = Number.parseInt(given.slice(PARENT_ID_END + 1, PARENT_ID_END + 3), 16) & known;
  return `00${given.slice(2, PARENT_ID_END + 1)}0${flags}`;
}

export function traceIdOf(traceparent: string): string {
  return traceparent.slice(TRACE_ID_START, TRACE_ID_END);
}

/** The id of the span that it was sent by, which is the parent of whoever gets it. */
export function spanIdOf(traceparent: string): string {
  return traceparent.slice(TRACE_ID_END + 1, PARENT_ID_END);
}

/** Where the last digit of the flags stands, and the code of the digit 9. */
const FLAGS_END = 54;
const NINE = 57;

/** Whether the lowest bit of the flags is set, so that the trace can be looked up. Asked of each request. */
export function isSampled(traceparent: string): boolean {
  const digit = traceparent.charCodeAt(FLAGS_END);
  // Of the letters it is b, d and f, which are even.
  return ((digit & 1) === 1) !== digit > NINE;
}

/** The same with another word on whether it is sampled. */
export function withSampled(traceparent: string, sampled: boolean): string {
  const flags = Number.parseInt(traceparent.slice(PARENT_ID_END + 1), 16);
  return `${traceparent.slice(0, PARENT_ID_END + 1)}0${sampled ? flags | SAMPLED : flags & ~SAMPLED}`;
}

/** The same trace, with a span of ours in the place of the caller's. */
export function withSpanId(traceparent: string, spanId: string): string {
  return `${traceparent.slice(0, TRACE_ID_END)}-${spanId}${traceparent.slice(PARENT_ID_END)}`;
}

const MAX_MEMBERS = 32;
/** At least so many characters are to be passed on (section 3.3.1.5), and no more are. */
const MAX_STATE_CHARS = 512;
/** What is longer goes first where there are too many. */
const LONG_MEMBER_CHARS = 128;
/** One `key=value` (section 3.3.1.3, with the keys of Level 2). */
const MEMBER = /^[a-z0-9][a-z0-9_\-*/@]{0,255}=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{1,256}$/;

/**
 * What is passed on of `tracestate`: all of it where it fits, without the spaces between. One that can't be read, or has
 * more than 32 members, is dropped.
 */
export function readTracestate(given: Field): string | undefined {
  if (typeof given !== 'string') return undefined;
  const members = given
    .split(',')
    .map((member) => member.trim())
    .filter((member) => member !== '');
  if (members.length === 0 || members.length > MAX_MEMBERS) return undefined;
  return members.every((member) => MEMBER.test(member)) ? shorten(members).join(',') : undefined;
}

function shorten(members: string[]): string[] {
  let chars = members.reduce((sum, { length }) => sum + length + 1, -1);
  for (const atLeast of [LONG_MEMBER_CHARS + 1, 0]) {
    for (let i = members.length - 1; i >= 0 && chars > MAX_STATE_CHARS; i -= 1) {
      const { length } = members[i] as string;
      if (length < atLeast) continue;
      members.splice(i, 1);
      chars -= length + 1;
    }
  }
  return members;
}
