// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must go
const CONTROLS = /[\u0000-\u001f\u007f-\u009f]/g;

/** A text for one line of a terminal, which obeys control characters: nothing that others chose may hold one. */
export function withoutControls(text: string): string {
  return text.replace(CONTROLS, '?');
}

/** The same for a text of several lines. All but the first are indented, so that none passes for a line of its own. */
export function printableLines(text: string): string {
  return text.trimEnd().split(/\r?\n/).map(withoutControls).join('\n  ');
}
