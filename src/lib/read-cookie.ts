/** The value of the first cookie of this name in a Cookie header (RFC 6265, section 5.4), as sent. */
export function readCookie(header: string | undefined, name: string): string | undefined {
  if (header === undefined) return undefined;
  let start = 0;
  while (start < header.length) {
    let end = header.indexOf(';', start);
    if (end === -1) end = header.length;
    while (header.charCodeAt(start) === 0x20) start += 1;
    const equals = start + name.length;
    if (equals < end && header.charCodeAt(equals) === 0x3d && header.startsWith(name, start)) {
      return header.slice(equals + 1, end);
    }
    start = end + 1;
  }
  return undefined;
}
