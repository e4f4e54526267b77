const WIDTH = 80;

/** Breaks a line at blanks, or where it must be; what follows is indented. */
export function wrap(text: string, indent = 0): string[] {
  const lines: string[] = [];
  let rest = text;
  while (rest.length > WIDTH) {
    const blank = rest.lastIndexOf(' ', WIDTH);
    const at = blank > indent + 8 ? blank : WIDTH;
    lines.push(rest.slice(0, at));
    rest = ' '.repeat(indent) + rest.slice(at).trimStart();
  }
  lines.push(rest);
  return lines;
}
