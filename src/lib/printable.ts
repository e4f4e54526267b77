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

/** A text of several lines, of which some words may be others'. */
export function printableText(text: string): string {
  return text.split('\n').map(withoutControls).join('\n');
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
