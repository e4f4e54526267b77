/**
 * The field names that a Connection field lists, in lower case: they are of one hop as well (RFC 9110, section 7.6.1).
 * Undefined for the usual values, which name none.
 */
export function connectionNames(connection: string | readonly string[] | undefined): ReadonlySet<string> | undefined {
  if (
    connection === undefined ||
    connection === 'keep-alive' ||
    connection === 'close' ||
    connection === 'Keep-Alive'
  ) {
    return undefined;
  }
  return new Set(
    String(connection)
      .toLowerCase()
      .split(',')
      .map((name) => name.trim()),
  );
}
