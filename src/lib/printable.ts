/**
 * What a terminal or an editor obeys and does not show: control characters, breaks of lines and paragraphs, and the marks
 * that turn the direction of a text, by which it reads as another one (Unicode TR 36, section 2.10).
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must go
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** A text for one line of a terminal: nothing that others chose may hold what that obeys. */
export function withoutControls(text: string): string {
  return text.replace(CONTROLS, '?');
}

/** The same for a text of several lines. All but the first are indented, so that none passes for a line of its own. */
export function printableLines(text: string): string {
  return text.trimEnd().split(/\r?\n/).map(withoutControls).join('\n  ');
}

/** What lib/paint.ts writes: with these alone others' words can at worst be coloured. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: a colour begins with one
const COLOURS = /(\u001b\[(?:1|2|22|31|32|33|39)m)/;

/** A text of several lines, of which some words may be others'; with the colours that it has where those are shown. */
export function printableText(text: string, keepsColours = false): string {
  const clean = (line: string): string => {
    if (!keepsColours) return withoutControls(line);
    return line
      .split(COLOURS)
      .map((piece, place) => (place % 2 === 1 ? piece : withoutControls(piece)))
      .join('');
  };
  return text.split('\n').map(clean).join('\n');
}

/** The same value, with every text in it for one line of a terminal. */
export function printableValue<T>(value: T): T {
  return JSON.parse(
    JSON.stringify(value, (_key, one: unknown) => (typeof one === 'string' ? withoutControls(one) : one)),
  ) as T;
}

/** Of these what JSON does not escape of itself. */
const MARKS = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** JSON whose texts hold nothing that a terminal or an editor obeys: it is escaped. */
export function printableJson(value: unknown, indent?: number): string {
  const escaped = (char: string): string => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return JSON.stringify(value, undefined, indent).replace(MARKS, escaped);
}

/** A text that may have line breaks, without what turns it round or is obeyed beside those. */
export function withoutMarks(text: string): string {
  return text.replace(MARKS, '?');
}
