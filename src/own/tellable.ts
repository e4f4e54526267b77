/**
 * What a stage has thrown, fit to be logged: a log line must not fail at a getter that throws. An error stays what it is
 * where its members can be read.
 */
export function tellable(error: unknown): unknown {
  try {
    JSON.stringify(error);
    for (let one = error, depth = 0; one instanceof Error && depth < 10; one = one.cause, depth += 1)
      for (const key of ['name', 'message', 'stack', 'code'] as const) String((one as { code?: unknown } & Error)[key]);
    String(error);
    return error;
  } catch {
    return new Error('it has thrown something that can not be read');
  }
}

/** The fields of a log line, each of them fit to be logged. */
export function tellableFields(fields: unknown): Record<string, unknown> {
  try {
    return Object.fromEntries(Object.entries(fields ?? {}).map(([name, value]) => [name, tellable(value)]));
  } catch (error) {
    return { error: tellable(error) };
  }
}
