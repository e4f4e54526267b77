import type { PastReload } from '../server/reload-history.ts';
import { roundTo } from './history.ts';
import type { ReloadReport } from './report.ts';

/** A reload as it is shown; who asked by a signal is told as such, whichever it was. */
export function describeReload({ at, by, result, changes, faults, left, tookMs }: PastReload): ReloadReport {
  return {
    at: Date.parse(at),
    by: by === 'SIGHUP' ? 'signal' : by,
    result,
    changes,
    faults: faults.map(({ file, line, column, path, message, hint }) => ({
      place: `${line > 0 ? `${file}:${line}:${column}` : file}${path === '' ? '' : ` ${path}`}`,
      message,
      ...(hint !== undefined && { hint }),
    })),
    left,
    tookMs: roundTo(tookMs, 10),
  };
}
