const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACE = 0x20;

/** Where the next token is (RFC 8259, section 2). */
export function skipSpace(json: Buffer, start: number): number {
  let at = start;
  for (let byte = json[at]; byte === SPACE || byte === 0x0a || byte === 0x0d || byte === 0x09; byte = json[at]) at++;
  return at;
}

/** The place after the string that begins here. */
export function endOfString(json: Buffer, start: number): number {
  let at = start + 1;
  while (json[at] !== QUOTE && at < json.length) at += json[at] === BACKSLASH ? 2 : 1;
  return at + 1;
}

/** The place after the value that begins here. */
export function endOfValue(json: Buffer, start: number): number {
  const first = json[start];
  if (first === QUOTE) return endOfString(json, start);
  if (first === 0x5b || first === 0x7b) return endOfBranch(json, start);
  let at = start;
  while (!isAfterScalar(json[at])) at++;
  return at;
}

function endOfBranch(json: Buffer, start: number): number {
  let depth = 0;
  let at = start;
  while (at < json.length) {
    const byte = json[at];
    if (byte === QUOTE) {
      at = endOfString(json, at);
      continue;
    }
    at++;
    if (byte === 0x5b || byte === 0x7b) depth++;
    else if ((byte === 0x5d || byte === 0x7d) && --depth === 0) return at;
  }
  return at;
}

/** A comma, a closing bracket, a space, or the end. */
function isAfterScalar(byte: number | undefined): boolean {
  return byte === undefined || byte === 0x2c || byte === 0x5d || byte === 0x7d || byte <= SPACE;
}
