/** A text as a sentence begins: its first letter is a capital one. */
export function capitalise(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
